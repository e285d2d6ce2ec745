/* SPDX-License-Identifier: GPL-2.0 */
/* What is proved: a question, its world's bounds, and what must come of it. */
#ifndef _PROVE_LESSON_H
#define _PROVE_LESSON_H

#include <linux/types.h>

enum { A, B };				/* the two ends */

enum limits {
	UNDER_WAY = 5,			/* segments the network holds at most */
	LIVES = 8,			/* of an end: connections it had, half-open ones too */
	OLD_SEGMENTS = 8,
};

/* What must hold in every world. */
enum property {
	HOLDS,
	OWN_TEXT,		/* no octet, and no FIN, of another life is taken */
	IN_ORDER,		/* what is delivered is what was written, once, in order */
	FIN_BEHIND_TEXT,
	NUMBERS,		/* RFC 9293 3.3.1: SND.UNA =< SND.NXT and its kin */
	STATES,			/* they follow each other as in RFC 9293 figure 5 */
	SHORT_WAY,		/* predict.c says what arrives.c says */
	NO_ZOMBIE,		/* from every world both ends come to rest */
	NO_ACK_LOOP,		/* no endless talk without a timer or a user */
	PROPERTIES
};

/* What the users of an end may do beside connect() and write(). */
enum user {
	CLOSES		= 1 << 0,
	SHUTS_DOWN	= 1 << 1,	/* half-close: it says no more, but listens */
	ABORTS		= 1 << 2,	/* RST; no TIME_WAIT */
	READS_LATE	= 1 << 3,	/* what is unread takes room from the window */
	CLOSES_SECOND	= 1 << 4,	/* when the other has, and with all it has to say */
	CRASHES		= 1 << 5,	/* forgets, tells nobody, and connects again */
};

/* A segment of an earlier life, that may arrive once at any time. Numbers from its ISNs. */
struct old_segment {
	u8 to;
	u8 ctl;
	u8 seq, ack;
	u8 len;
};

struct lesson {
	const char *name;
	const char *question[2];	/* in English, in Chinese */
	const char *answer[2];
	const char *replay;		/* the KUnit case that does it with sockets */

	/* The knobs of the module that matter here. */
	u8 handshake_ways;
	bool isn_constant;
	bool timestamps, no_paws;
	bool rfc1337_off;
	u8 time_wait_msl;		/* 2, or 1; 0: time does not pass in this lesson */

	/* Bounds */
	u8 listens;			/* bit of the end */
	u8 opens[2];			/* connect() */
	u8 writes[2];			/* octets of text in each life */
	u8 users[2];			/* enum user */
	u8 window;
	u8 under_way;			/* segments, at most UNDER_WAY */
	u8 losses, copies;		/* by the network */
	u8 copies_to;			/* bits of the ends; 0: to both */
	u8 early[2];			/* timeouts while something is under way */
	u8 wraps;			/* all of 2^32 octets are carried meanwhile */
	struct old_segment old[OLD_SEGMENTS];
	u8 olds;

	bool alone;			/* arrives.c is not held against predict.c */
	bool mirror;			/* A and B do the same: their worlds are one */
	u8 opening;			/* segments of the shortest way to open; 0: not asked */

	enum property fails;		/* HOLDS: none may */
};

extern const struct lesson lessons[];
extern const unsigned int n_lessons;

#endif
