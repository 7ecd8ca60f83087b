// What went wrong, in English: the service says most of it itself. Here is what it cannot say: the
// reason why a clip failed, the shorter words for children, and the names of needs and entries.
import { media } from '../errors.gen.js';

/** What happened, and what to do. */
export type Pair = readonly [cause: string, remedy: string];

const child = {
  E_DENIED: ['This is not allowed at your age. The law says so, to keep you safe.', 'You did nothing wrong. Ask a grown-up if you want to know more.'],
  E_AGE_LOCKED: ['Somebody told us another birthday on this device a moment ago.', 'Ask a grown-up who looks after you. You can do it together.'],
  E_NEEDS_GUARDIAN: ['Only your grown-up can say yes to this.', 'Ask them. You can always say no yourself.'],
  E_WAITING: ['Your grown-up has not answered yet.', 'Ask them to open the mail we sent.'],
  E_AUDIENCE: ['Your clips are only for you.', 'Nobody else can see them, so there is nothing to choose here.'],
  E_MEDIA_UNSUPPORTED: ['This file is not a video that Ward can read.', 'Choose a video that you made with a phone or a camera.'],
  E_MEDIA_TRUNCATED: ['A part of the video is missing.', 'Copy it from the camera once more and try again.'],
  E_MEDIA_DAMAGED: ['The video is broken.', 'Can you still play it on the phone or camera? Save it there once more and try again.'],
  E_MEDIA_TOO_LONG: ['The video is longer than 3 minutes.', 'Cut a piece off and try again.'],
  E_MEDIA_TOO_SHORT: ['The video is too short to see anything.', 'Make one of at least a second.'],
  E_MEDIA_TOO_LARGE: ['The video file is too big.', 'Make the video shorter and try again.'],
  E_MEDIA_LIMITS: ['The picture of this video is too big for Ward.', 'Save it as an ordinary HD video and try again.'],
  E_MEDIA_NO_VIDEO: ['There is no moving picture in this file.', 'Choose a video.'],
  E_MEDIA_EMPTY: ['There is nothing in this file.', 'Choose another file.'],
  E_MEDIA_UNCLEAN: ['Ward could not make this video safe, so it threw it away.', 'Nobody saw it. Try another video.'],
} satisfies Record<string, Pair>;

const needs = {
  'age-assurance': 'knowing your age', 'child-notice': 'an explanation that a child understands', consent: 'your yes', 'explicit-consent': 'your clear yes to exactly this',
  'guardian-consent': 'the yes of a parent or guardian', 'guardian-verification': 'a check that the guardian is who they say', never: 'nothing: the law never allows it',
  notice: 'telling you beforehand', 'notice-in-language': 'telling you in a language you understand', 'opt-in': 'that you switch it on yourself', 'own-action': 'that you do it yourself',
  'processor-contract': 'a contract with the company that helps', 'retention-schedule': 'a published plan of how long it is kept', 'transfer-assessment': 'a check that your data are safe in the other country',
  'transfer-safeguard': 'binding protection in the other country', treaty: 'a treaty between the countries', 'written-release': 'your yes in writing',
};

const kinds = {
  join: 'You came to Ward', consent: 'A yes was noted', 'consent-refused': 'It stayed a no', withdrawal: 'A yes was taken back', objection: 'You objected', 'objection-ended': 'An objection ended',
  restriction: 'Use of your data was paused', 'restriction-ended': 'The pause ended', 'guardian-link': 'A guardian was linked', 'guardian-ended': 'The link with a guardian ended', rectification: 'Your facts were corrected',
  'write-batch': 'Data were stored or changed', 'read-batch': 'Data were read', 'denial-batch': 'Uses were refused', 'erasure-intent': 'Deleting everything began', 'erasure-done': 'Everything was deleted',
  deletion: 'Something was deleted', expiry: 'Data were deleted because their time was over', publish: 'Something was made public', 'publish-ended': 'Something is no longer public', disclosure: 'Data went to a recipient',
  'authority-request': 'An authority asked for data', hold: 'A legal hold began', 'hold-ended': 'A legal hold ended', 'hold-extended': 'A legal hold was extended', follow: 'A part of Ward began to use your choice', revocation: 'Parts of Ward lost the right to data',
  export: 'You were given your data', 'law-change': 'The rules changed', notice: 'The privacy notice changed', backup: 'A backup was made', restored: 'A backup was put back', rotation: 'The main key was changed',
  operator: 'An operator did something', breach: 'A breach was recorded', claim: 'An audit was made', destruction: 'Data that should not have been collected were destroyed', request: 'You used a right', 'request-answered': 'Your request was answered',
  begin: 'The ledger began', 'config-change': 'Settings changed',
  tightened: 'Something was taken away for good',
};

export type ChildError = keyof typeof child;
export type Need = keyof typeof needs;
export type Kind = keyof typeof kinds;

/** The words of one language that are loaded beside the screens, not with the feed. */
export interface Help { errors: Readonly<Record<string, Pair>>; child: Record<ChildError, Pair>; needs: Record<Need, string>; kinds: Record<Kind, string> }

export const help: Help = { errors: media, child, needs, kinds };
