/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A world: two ends, the network between them, and what is left of the bounds. It is
 * kept in 64 octets (pack()) and worked on as a struct (unpack()).
 *
 * Sequence numbers are few: those of one direction are counted from a number that every
 * world begins with (BASE), and each life of an end begins 30 further on. The first life
 * wraps: its second octet of text is number 0.
 */
#ifndef _PROVE_WORLD_H
#define _PROVE_WORLD_H

#include <xtcp/tcb.h>
#include "lesson.h"

enum {
	FIRST_ISN = 20,
	NEXT_ISN = 30,
	TTL = 2,			/* MSL in ticks: a segment does not outlive the second */
};

/* Text that came ahead of order: one piece. */
struct ahead {
	bool here;
	u32 seq;
	u8 len;
	bool fin;
	u8 life, peer;
};

struct end {
	struct xtcp_tcb tcb;
	u8 life;			/* of its ISN; 0 is the one before the first */
	u8 peer_life;			/* of the SYN it took; 0: none */
	bool listens;			/* what no connection wants is for a listener */
	bool closed;			/* the user has no more to say */
	u8 opens;			/* connect() left */
	u8 early;			/* timeouts left */
	u8 written, unsent;		/* octets of this life */
	u8 unread;
	u8 ticks;			/* TIME_WAIT: left */
	struct ahead ahead;
};

/* Lives are known to the prover, not to the code that it checks. */
struct under_way {
	u8 ctl;				/* 0: no segment */
	u8 to;
	u8 len;
	u8 wnd;
	u8 ts;
	u8 ttl;
	u8 life, peer;			/* of its sender, and whom he takes for his peer */
	u32 seq, ack;
};

struct world {
	struct end end[2];
	struct under_way net[UNDER_WAY];
	u8 n_net;
	u8 old;				/* bits of lesson->old that may come still */
	u8 losses, copies, wraps;
	u8 clock;			/* of timestamps */
	/* Not kept: */
	u8 broken;			/* enum property */
	const char *how;		/* for the reader */
};

union packed {
	u8 octet[64];
	u64 word[8];
};

enum step_kind {
	NO_STEP,
	ARRIVES,		/* segment @which of the network */
	LOST,
	TWICE,			/* the network makes a copy of it */
	OLD_ARRIVES,		/* segment @which of lesson->old */
	TIMER,			/* what is not acknowledged is said again */
	EXPIRES,		/* TIME_WAIT, where time does not pass otherwise */
	TICK,			/* half an MSL passes */
	OPEN,
	WRITE,
	READ,
	SHUTDOWN,
	CLOSE,
	ABORT,
	CRASH,
	WRAP,
	STEPS
};

struct step {
	u8 kind, end, which;
};

u32 isn_of(const struct lesson *l, unsigned int end, unsigned int life);
/* For the reader: A counts from 100, B from 300, as in the figures of RFC 9293. */
int shown(unsigned int end, u32 seq);

void first_world(const struct lesson *l, struct world *w);
/* False: a number is beyond what fits. */
bool pack(const struct lesson *l, const struct world *w, union packed *p);
void unpack(const struct lesson *l, const union packed *p, struct world *w);
void mirror(const union packed *p, union packed *other);
u64 hash(const union packed *p);

/* net.c: may this happen now, and what comes of it */
bool possible(const struct lesson *l, const struct world *w, struct step s);
void take(const struct lesson *l, struct world *w, struct step s);
/* Each that is possible: at most MOST_STEPS. */
enum { MOST_STEPS = 3 * UNDER_WAY + OLD_SEGMENTS + 2 * STEPS };
unsigned int possible_steps(const struct lesson *l, const struct world *w, struct step *steps);
void send_segment(const struct lesson *l, struct world *w, unsigned int from,
		  struct under_way seg);
/* Nothing is owed: nobody is connected, or both are with each other and know the same. */
bool at_rest(const struct world *w);
bool both_established(const struct world *w);

/* end.c: what the module's driver does about a verdict, a timer, a user */
void arrives(const struct lesson *l, struct world *w, unsigned int e, const struct under_way *seg);
bool has_to_repeat(const struct end *end);
void repeat(const struct lesson *l, struct world *w, unsigned int e);
void user_open(const struct lesson *l, struct world *w, unsigned int e);
void user_write(const struct lesson *l, struct world *w, unsigned int e);
void user_read(const struct lesson *l, struct world *w, unsigned int e);
void user_closes(const struct lesson *l, struct world *w, unsigned int e, enum step_kind how);
void forget(const struct lesson *l, struct end *end);
bool synchronized(const struct end *end);

/* check.c */
void broken(struct world *w, enum property p, const char *how);
void check_world(const struct lesson *l, const struct world *before, struct world *w);

#endif
