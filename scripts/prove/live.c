// SPDX-License-Identifier: GPL-2.0
/*
 * What no single world shows. From each, by arrivals and timers alone, both ends can come
 * to rest: whatever happened, if nothing is lost from now on it ends well. And who only
 * answers falls silent: among arrivals alone no way leads back to a world it has left.
 *
 * Both are asked backwards, from the worlds where it is sure to those that lead there.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explore.h"

/* Of each world those that lead to it: from[at[to]..at[to + 1]], TALK as before. */
struct back {
	u32 *at;
	u32 *from;
};

static void *zeroed(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		perror("calloc");
		exit(2);
	}
	return p;
}

static void turn_around(const struct list *edges, unsigned int n_edges, u32 n, struct back *back)
{
	size_t i, sum = 0;
	unsigned int e;
	u32 to;

	for (e = 0; e < n_edges; e++)
		sum += edges[e].n / 2;
	back->at = zeroed(n + 2, sizeof(u32));
	back->from = zeroed(sum, sizeof(u32));
	for (e = 0; e < n_edges; e++)
		for (i = 1; i < edges[e].n; i += 2)
			back->at[(edges[e].item[i] & ~TALK) + 2]++;
	for (i = 2; i < n + 2; i++)
		back->at[i] += back->at[i - 1];
	for (e = 0; e < n_edges; e++)
		for (i = 0; i < edges[e].n; i += 2) {
			to = edges[e].item[i + 1];
			back->from[back->at[(to & ~TALK) + 1]++] = edges[e].item[i] | (to & TALK);
		}
}

/* A number that a thread did not need has no world: all octets are 0. */
static bool exists(const struct explored *x, u32 i)
{
	return x->world[i].octet[0];
}

static bool rests(const struct lesson *l, const struct explored *x, u32 i)
{
	struct world w;

	unpack(l, &x->world[i], &w);
	return at_rest(&w);
}

/* The first of @bad in the order of steps: a settled one, with nothing under way, if any. */
static void accuse(const struct lesson *l, const bool *good, enum property p, const char *how,
		   struct explored *x)
{
	bool found = false, settled = false, now_settled;
	struct world w;
	u32 i;

	for (i = 0; i < x->n; i++) {
		if (good[i] || !exists(x, i))
			continue;
		unpack(l, &x->world[i], &w);
		now_settled = !w.n_net;
		if (found && (settled || !now_settled))
			continue;
		found = true;
		settled = now_settled;
		x->culprit = i;
	}
	if (!found)
		return;
	x->fails = p;
	x->how = how;
}

static void check_zombies(const struct lesson *l, const struct back *back, bool *good, u32 *queue,
			  struct explored *x)
{
	u32 i, j, from, head = 0, tail = 0;

	for (i = 0; i < x->n; i++)
		if (exists(x, i) && rests(l, x, i)) {
			good[i] = true;
			queue[tail++] = i;
		}
	while (head < tail) {
		i = queue[head++];
		for (j = back->at[i]; j < back->at[i + 1]; j++) {
			from = back->from[j] & ~TALK;
			if (good[from])
				continue;
			good[from] = true;
			queue[tail++] = from;
		}
	}
	accuse(l, good, NO_ZOMBIE, "an end waits for ever for the other", x);
}

/* Good is who has no arrival left that leads to one who is not good. */
static void check_talk(const struct lesson *l, const struct list *edges, unsigned int n_edges,
		       const struct back *back, bool *good, u32 *queue, struct explored *x)
{
	u32 *arrivals = zeroed(x->n, sizeof(u32));
	u32 i, j, from, head = 0, tail = 0;
	unsigned int e;
	size_t k;

	memset(good, 0, x->n);
	for (e = 0; e < n_edges; e++)
		for (k = 0; k < edges[e].n; k += 2)
			arrivals[edges[e].item[k]] += edges[e].item[k + 1] >> 31;
	for (i = 0; i < x->n; i++)
		if (!arrivals[i]) {
			good[i] = true;
			queue[tail++] = i;
		}
	while (head < tail) {
		i = queue[head++];
		for (j = back->at[i]; j < back->at[i + 1]; j++) {
			from = back->from[j] & ~TALK;
			if (!(back->from[j] & TALK) || --arrivals[from])
				continue;
			good[from] = true;
			queue[tail++] = from;
		}
	}
	free(arrivals);
	accuse(l, good, NO_ACK_LOOP, "segments answer each other without end", x);
}

/* Who aborts has gone, and what tells the other may be lost: keepalive is for that. */
bool both_stay(const struct lesson *l)
{
	return !((l->users[A] | l->users[B]) & ABORTS);
}

void check_rest(const struct lesson *l, const struct list *edges, unsigned int n_edges,
		struct explored *x)
{
	bool *good = zeroed(x->n, sizeof(bool));
	u32 *queue = zeroed(x->n, sizeof(u32));
	struct back back;

	turn_around(edges, n_edges, x->n, &back);
	if (both_stay(l))
		check_zombies(l, &back, good, queue, x);
	if (!x->fails)
		check_talk(l, edges, n_edges, &back, good, queue, x);
	free(back.at);
	free(back.from);
	free(good);
	free(queue);
}
