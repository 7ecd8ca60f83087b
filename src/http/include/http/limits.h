/* Every size, count and time of HTTP that a client controls. The manual prints this list. */
#ifndef WARD_HTTP_LIMITS_H
#define WARD_HTTP_LIMITS_H

#define HTTP_MAX_HEAD_BYTES    16384U /* request line and all fields */
#define HTTP_MAX_TARGET_BYTES  2048U  /* path and query, as sent */
#define HTTP_MAX_METHOD_BYTES  16U
#define HTTP_MAX_FIELDS        64U
#define HTTP_MAX_FIELD_BYTES   8192U /* one name and its value */
#define HTTP_MAX_SEGMENTS      12U   /* of a path */
#define HTTP_MAX_QUERY_ARGS    16U
#define HTTP_MAX_COOKIES       16U
#define HTTP_MAX_BODY_BYTES    65536U       /* a body that is read whole: JSON */
#define HTTP_MAX_STREAM_BYTES  (256U << 20) /* a body that is streamed: a clip */
#define HTTP_MAX_CONNECTIONS   4096U  /* of the process; each may hold a head while it comes */
#define HTTP_MAX_PER_ADDRESS   256U   /* connections of one address */
#define HTTP_IDLE_TIMEOUT_S    15U    /* without a byte: an idle or dripping client is cut */
#define HTTP_BODY_GRACE_MS     30000  /* for a body, and on top of it its bytes at the */
#define HTTP_BODY_MIN_RATE     16384U /* slowest rate, in bytes a second */
#define HTTP_MAX_ARENA_BYTES   (512U << 10) /* memory of one request */
#define HTTP_SEND_BUFFER_BYTES 262144       /* what the kernel may still send after a revocation */
#define HTTP_CONNECTION_BYTES  32768U       /* memory of a connection in the library */
#define HTTP_MAX_SITE_FILES    256U         /* files of the web client, held in memory */
#define HTTP_MAX_SITE_BYTES    (16U << 20)

#endif
