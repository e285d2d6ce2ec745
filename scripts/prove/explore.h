/* SPDX-License-Identifier: GPL-2.0 */
/* Every world that can be reached, each once, in the order of the steps it takes: explore.c. */
#ifndef _PROVE_EXPLORE_H
#define _PROVE_EXPLORE_H

#include "world.h"

enum { LONGEST = 64 };

/* The steps from the first world on. */
struct ladder {
	unsigned int n;
	struct step step[LONGEST];
};

struct explored {
	union packed *world;		/* by number; 0 is the first world */
	u32 *parent;			/* of which it was made first */
	struct step *step;		/* and how */
	u32 n;				/* numbers in use */
	u64 transitions;
	u32 depth;			/* steps to the farthest */
	double seconds;
	enum property fails;		/* HOLDS: nothing does */
	const char *how;
	u32 culprit;			/* the world, or the one before the step that breaks it */
	struct step last;		/* that step, or NO_STEP */
	struct ladder ladder;		/* there, the shortest way */
};

/* What one thread found; a list of numbers or pairs, that grows. */
struct list {
	u32 *item;
	size_t n, room;
};

void list_add(struct list *list, u32 item);

/* Transitions that need no user: from, to. TALK: an arrival, which may go on for ever. */
#define TALK 0x80000000U

/*
 * By so many threads; what is found is the same for any number. What fails is looked for
 * again by one, so that its ladder is always the same.
 */
void explore(const struct lesson *l, unsigned int threads, struct explored *x);
void explored_free(struct explored *x);
/* The shortest way to where both are ESTABLISHED, and all said is heard. */
bool find_opening(const struct lesson *l, struct ladder *ladder);

/* live.c: can all worlds come to rest, if no end leaves, and does all talk end? */
bool both_stay(const struct lesson *l);
void check_rest(const struct lesson *l, const struct list *edges, unsigned int n_edges,
		struct explored *x);

#endif
