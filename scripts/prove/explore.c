// SPDX-License-Identifier: GPL-2.0
/*
 * Breadth first: all worlds that one step makes of the last level's are the next level.
 * A table, shared by all threads, holds each world once. Worlds are compared whole, so no
 * two are taken for one; of a world that breaks a property no further steps are made, and
 * the level it is in is the last.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "explore.h"

enum {
	MOST_WORLDS = 1 << 28,
	MOST_THREADS = 16,
	AT_A_TIME = 64,			/* worlds a thread takes from the level */
};

struct worker {
	pthread_t thread;
	struct search *search;
	struct list next;		/* the level to come */
	struct list edges;		/* pairs of numbers, TALK in the second */
	u64 transitions;
	u32 spare;			/* a number that has no world yet */
	enum property fails;
	const char *how;
	u32 culprit;
	struct step last;
};

struct search {
	const struct lesson *lesson;
	union packed *world;
	u32 *parent;
	struct step *step;
	u64 *table;			/* high half: of the hash; low half: number + 1 */
	u64 mask;
	u32 n;
	struct list level;
	size_t taken;			/* of it */
	struct worker *worker;
	unsigned int threads;
};

static void *room_for(size_t octets)
{
	void *p = mmap(NULL, octets, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	madvise(p, octets, MADV_HUGEPAGE);	/* it is read here and there */
	return p;
}

void list_add(struct list *list, u32 item)
{
	if (list->n == list->room) {
		list->room = list->room ? 2 * list->room : 1024;
		list->item = realloc(list->item, list->room * sizeof(*list->item));
		if (!list->item) {
			perror("realloc");
			exit(2);
		}
	}
	list->item[list->n++] = item;
}

/* --- the table -------------------------------------------------------------------- */

static u32 new_number(struct search *s)
{
	u32 n = __atomic_fetch_add(&s->n, 1, __ATOMIC_RELAXED);

	if (n >= MOST_WORLDS) {
		fprintf(stderr, "prove: more than %u worlds\n", MOST_WORLDS);
		exit(2);
	}
	return n;
}

/* The number of @p; @fresh: it had none before. */
static u32 look_up(struct worker *me, const union packed *p, u64 h, bool *fresh)
{
	struct search *s = me->search;
	u64 tag = h >> 32 << 32, slot, i;

	s->world[me->spare] = *p;
	for (i = h & s->mask; ; i = (i + 1) & s->mask) {
		slot = __atomic_load_n(&s->table[i], __ATOMIC_ACQUIRE);
		*fresh = !slot && __atomic_compare_exchange_n(&s->table[i], &slot,
							      tag | (me->spare + 1), false,
							      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
		if (*fresh) {
			u32 number = me->spare;

			me->spare = new_number(s);
			return number;
		}
		if (slot >> 32 << 32 == tag && !memcmp(&s->world[(u32)slot - 1], p, sizeof(*p)))
			return (u32)slot - 1;
	}
}

static void enter_again(struct search *s, const u64 *old, u64 size)
{
	u64 h, i, j;

	for (i = 0; i < size; i++) {
		if (!old[i])
			continue;
		h = hash(&s->world[(u32)old[i] - 1]);
		for (j = h & s->mask; s->table[j]; j = (j + 1) & s->mask)
			;
		s->table[j] = old[i];
	}
}

/* Room for all that the level to come can bring, and as much again. */
static void grow_table(struct search *s)
{
	u64 size = s->mask + 1, old_size = s->table ? size : 0;
	u64 *old = s->table;

	while (size < 2 * s->n + s->level.n * MOST_STEPS)
		size *= 2;
	if (size == old_size)
		return;
	s->table = room_for(size * sizeof(*s->table));
	s->mask = size - 1;
	enter_again(s, old, old_size);
	if (old)
		munmap(old, old_size * sizeof(*old));
}

/* --- a level ------------------------------------------------------------------------ */

/* Of all that break something in a level it is always the same that counts, whoever comes first. */
static bool comes_before(const struct search *s, enum property p, u32 world, enum property other,
			 u32 other_world)
{
	if (!other || p != other)
		return !other || p < other;
	return memcmp(&s->world[world], &s->world[other_world], sizeof(*s->world)) < 0;
}

static void note_broken(struct worker *me, u32 number, const struct world *w, struct step step)
{
	if (!comes_before(me->search, w->broken, number, me->fails, me->culprit))
		return;
	me->fails = w->broken;
	me->how = w->how;
	me->culprit = number;
	me->last = step;
}

/* Of a world and its mirror image the smaller. */
static bool pack_canonical(const struct lesson *l, const struct world *w, union packed *p)
{
	union packed other;

	if (!pack(l, w, p))
		return false;
	if (l->mirror) {
		mirror(p, &other);
		if (memcmp(&other, p, sizeof(other)) < 0)
			*p = other;
	}
	return true;
}

/* What needs no accident: arrivals, timers, time; who reads; who connects after a crash. */
static bool comes_by_itself(const struct lesson *l, struct step step)
{
	switch (step.kind) {
	case ARRIVES:
	case TIMER:
	case EXPIRES:
	case TICK:
	case READ:
		return true;
	case OPEN:
		return l->users[step.end] & CRASHES;
	default:
		return false;
	}
}

/* What a step makes of a world, and where in the table that is looked for. */
struct successor {
	union packed world;
	u64 hash;
	struct step step;
};

/* False: a property is broken. The table is slow: it is told early what is wanted. */
static bool make_successor(struct worker *me, u32 number, const struct world *before,
			   struct step step, struct successor *next)
{
	struct search *s = me->search;
	struct world w = *before;

	take(s->lesson, &w, step);
	if (!w.broken && !pack_canonical(s->lesson, &w, &next->world))
		broken(&w, NUMBERS, "a number far from all others");
	if (w.broken) {
		note_broken(me, number, &w, step);
		return false;
	}
	next->step = step;
	next->hash = hash(&next->world);
	__builtin_prefetch(&s->table[next->hash & s->mask]);
	return true;
}

static void enter(struct worker *me, u32 number, const struct successor *next)
{
	bool fresh;
	u32 to = look_up(me, &next->world, next->hash, &fresh);

	if (fresh) {
		me->search->parent[to] = number;
		me->search->step[to] = next->step;
		list_add(&me->next, to);
	}
	if (!comes_by_itself(me->search->lesson, next->step))
		return;
	list_add(&me->edges, number);
	list_add(&me->edges, to | (next->step.kind == ARRIVES ? TALK : 0));
}

static void all_steps(struct worker *me, u32 number)
{
	struct successor next[MOST_STEPS];
	struct step steps[MOST_STEPS];
	unsigned int i, n, kept = 0;
	struct world w;

	unpack(me->search->lesson, &me->search->world[number], &w);
	n = possible_steps(me->search->lesson, &w, steps);
	me->transitions += n;
	for (i = 0; i < n; i++)
		kept += make_successor(me, number, &w, steps[i], &next[kept]);
	for (i = 0; i < kept; i++)
		enter(me, number, &next[i]);
}

static void *work(void *arg)
{
	struct worker *me = arg;
	struct search *s = me->search;
	size_t from, to;

	for (;;) {
		from = __atomic_fetch_add(&s->taken, AT_A_TIME, __ATOMIC_RELAXED);
		to = from + AT_A_TIME < s->level.n ? from + AT_A_TIME : s->level.n;
		if (from >= s->level.n)
			return NULL;
		for (; from < to; from++)
			all_steps(me, s->level.item[from]);
	}
}

static void one_level(struct search *s)
{
	unsigned int i;

	s->taken = 0;
	for (i = 1; i < s->threads; i++)
		if (pthread_create(&s->worker[i].thread, NULL, work, &s->worker[i])) {
			perror("pthread_create");
			exit(2);
		}
	work(&s->worker[0]);
	for (i = 1; i < s->threads; i++)
		pthread_join(s->worker[i].thread, NULL);
}

static void gather(struct search *s, struct explored *x)
{
	struct worker *me;
	size_t i;

	s->level.n = 0;
	for (me = s->worker; me < s->worker + s->threads; me++) {
		for (i = 0; i < me->next.n; i++)
			list_add(&s->level, me->next.item[i]);
		me->next.n = 0;
		if (!me->fails || !comes_before(s, me->fails, me->culprit, x->fails, x->culprit))
			continue;
		x->fails = me->fails;
		x->how = me->how;
		x->culprit = me->culprit;
		x->last = me->last;
	}
}

/* --- all of them ----------------------------------------------------------------------- */

static void begin(struct search *s, const struct lesson *l, unsigned int threads)
{
	struct worker *me;
	union packed p;
	struct world w;
	bool fresh;

	*s = (struct search){
		.lesson = l,
		.threads = threads,
		.mask = 0xffff,
		.world = room_for((size_t)MOST_WORLDS * sizeof(*s->world)),
		.parent = room_for((size_t)MOST_WORLDS * sizeof(*s->parent)),
		.step = room_for((size_t)MOST_WORLDS * sizeof(*s->step)),
		.worker = calloc(threads, sizeof(*s->worker)),
	};
	if (!s->worker)
		exit(2);
	grow_table(s);
	for (me = s->worker; me < s->worker + threads; me++) {
		me->search = s;
		me->spare = new_number(s);
	}
	first_world(l, &w);
	pack_canonical(l, &w, &p);
	list_add(&s->level, look_up(s->worker, &p, hash(&p), &fresh));
}

/* Each thread has a number left that no world has: all of its octets are 0. */
static void end(struct search *s, struct explored *x)
{
	struct list edges[MOST_THREADS] = { };
	struct worker *me;
	unsigned int i;

	x->world = s->world;
	x->parent = s->parent;
	x->step = s->step;
	x->n = s->n;
	for (i = 0; i < s->threads; i++) {
		me = &s->worker[i];
		memset(&s->world[me->spare], 0, sizeof(*s->world));
		edges[i] = me->edges;
		x->transitions += me->transitions;
	}
	munmap(s->table, (s->mask + 1) * sizeof(*s->table));
	if (!x->fails)
		check_rest(s->lesson, edges, s->threads, x);
	x->n -= s->threads;
	for (i = 0; i < s->threads; i++) {
		free(s->worker[i].edges.item);
		free(s->worker[i].next.item);
	}
	free(s->worker);
	free(s->level.item);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void explore_once(const struct lesson *l, unsigned int threads, struct explored *x)
{
	double since = now();
	struct search s;

	*x = (struct explored){ };
	begin(&s, l, threads);
	while (s.level.n && !x->fails) {
		grow_table(&s);
		one_level(&s);
		gather(&s, x);
		x->depth += s.level.n || x->fails;
	}
	end(&s, x);
	x->seconds = now() - since;
}

static void way_to(const struct explored *x, u32 number, struct step last, struct ladder *ladder)
{
	unsigned int n = !!last.kind;
	u32 i;

	for (i = number; i; i = x->parent[i])
		n++;
	ladder->n = n < LONGEST ? n : LONGEST;
	if (last.kind && n-- <= LONGEST)
		ladder->step[n] = last;
	for (i = number; i; i = x->parent[i])
		if (n-- <= LONGEST)
			ladder->step[n] = x->step[i];
}

void explore(const struct lesson *l, unsigned int threads, struct explored *x)
{
	struct lesson plain = *l;
	struct explored again;

	explore_once(l, threads, x);
	if (!x->fails)
		return;
	plain.mirror = false;
	explore_once(&plain, 1, &again);
	way_to(&again, again.culprit, again.last, &x->ladder);
	x->how = again.how;
	x->seconds += again.seconds;
	explored_free(&again);
}

/* Nothing happens that need not, so the way is short. */
bool find_opening(const struct lesson *l, struct ladder *ladder)
{
	struct lesson quiet = *l;
	struct explored x;
	struct world w;
	bool found = false;
	u32 i;

	quiet.losses = 0;
	quiet.copies = 0;
	quiet.olds = 0;
	quiet.mirror = false;
	memset(quiet.writes, 0, sizeof(quiet.writes));
	memset(quiet.users, 0, sizeof(quiet.users));
	memset(quiet.early, 0, sizeof(quiet.early));
	explore_once(&quiet, 1, &x);
	for (i = 0; i < x.n && !found; i++) {
		unpack(&quiet, &x.world[i], &w);
		found = both_established(&w) && (!l->mirror || at_rest(&w));
		if (found)
			way_to(&x, i, (struct step){ }, ladder);
	}
	explored_free(&x);
	return found;
}

void explored_free(struct explored *x)
{
	munmap(x->world, (size_t)MOST_WORLDS * sizeof(*x->world));
	munmap(x->parent, (size_t)MOST_WORLDS * sizeof(*x->parent));
	munmap(x->step, (size_t)MOST_WORLDS * sizeof(*x->step));
}
