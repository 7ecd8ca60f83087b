/* One packet of the studio protocol, sent and received. Private to both ends. */
#ifndef WARD_MEDIA_STUDIO_WIRE_H
#define WARD_MEDIA_STUDIO_WIRE_H

#include "media/studio.h"

/* in_fd < 0: without a descriptor. E_STUDIO_DIED when the other end is gone. */
MUST_USE struct status studio_send(int fd, const struct studio_message *message, int in_fd);

enum studio_received {
    STUDIO_MESSAGE,
    STUDIO_NOTHING, /* a descriptor that does not wait has nothing yet */
    STUDIO_GONE,
    STUDIO_NONSENSE, /* not one whole message with at most one descriptor */
};

/* *ret_fd is the descriptor that came with it, now the caller's, or -1. */
enum studio_received studio_receive(int fd, struct studio_message *ret_message, int *ret_fd);

#endif
