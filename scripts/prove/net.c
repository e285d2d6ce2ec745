// SPDX-License-Identifier: GPL-2.0
/*
 * The network, the clock, and what may happen next in a world. The network delivers in any
 * order, loses and copies within bounds; what is one too many for it is lost.
 */

#include <linux/kernel.h>
#include "world.h"

static bool is_full(const struct lesson *l, const struct world *w)
{
	return w->n_net >= l->under_way;
}

void send_segment(const struct lesson *l, struct world *w, unsigned int from,
		  struct under_way seg)
{
	if (is_full(l, w))
		return;
	seg.to = !from;
	seg.ttl = l->time_wait_msl ? TTL : 0;
	w->net[w->n_net++] = seg;
}

static struct under_way leaves(struct world *w, unsigned int which)
{
	struct under_way seg = w->net[which];

	w->net[which] = w->net[--w->n_net];
	return seg;
}

/* Numbers of old segments are those of life 0, the one before the first. */
static void old_arrives(const struct lesson *l, struct world *w, unsigned int which)
{
	const struct old_segment *old = &l->old[which];
	struct under_way seg = {
		.to = old->to,
		.ctl = old->ctl,
		.len = old->len,
		.wnd = l->window,
		.seq = isn_of(l, !old->to, 0) + old->seq,
		.ack = isn_of(l, old->to, 0) + old->ack,
	};

	w->old &= ~(1 << which);
	arrives(l, w, old->to, &seg);
}

/*
 * Half an MSL. What does not arrive within an MSL is lost, and counts as that. Who has
 * something to say again does so within half of one, unless something is under way: the
 * RTO is the shorter time.
 */
static bool may_tick(const struct lesson *l, const struct world *w)
{
	unsigned int i;

	for (i = 0; i < w->n_net; i++)
		if (w->net[i].ttl == 1)
			return false;
	if (!w->n_net && (has_to_repeat(&w->end[A]) || has_to_repeat(&w->end[B])))
		return false;
	return l->time_wait_msl && (w->n_net || w->end[A].ticks || w->end[B].ticks);
}

static void tick(const struct lesson *l, struct world *w)
{
	unsigned int i, e;

	for (i = 0; i < w->n_net; i++)
		w->net[i].ttl--;
	for (e = A; e <= B; e++)
		if (w->end[e].ticks && !--w->end[e].ticks)
			forget(l, &w->end[e]);
}

/* --- 2^32 octets later ----------------------------------------------------------------- */

static bool is_quiet(const struct world *w)
{
	return both_established(w) && w->end[A].tcb.snd_una == w->end[A].tcb.snd_nxt &&
	       w->end[B].tcb.snd_una == w->end[B].tcb.snd_nxt &&
	       w->end[A].tcb.snd_nxt == w->end[B].tcb.rcv_nxt &&
	       w->end[B].tcb.snd_nxt == w->end[A].tcb.rcv_nxt;
}

/*
 * A carries so much text that its numbers come round to the first octet again, with newer
 * timestamps; what is old stays under way. For the prover that is another life.
 */
static void wrap(struct world *w)
{
	struct end *a = &w->end[A], *b = &w->end[B];
	u32 back = a->tcb.snd_nxt - a->tcb.iss - 1;

	w->wraps--;
	w->clock++;
	a->tcb.snd_una -= back;
	a->tcb.snd_nxt -= back;
	a->tcb.snd_wl2 = a->tcb.snd_una;
	a->tcb.ts_recent = w->clock;
	a->written = 0;
	a->life++;
	b->tcb.rcv_nxt -= back;
	b->tcb.rcv_adv -= back;
	b->tcb.snd_wl1 = b->tcb.rcv_nxt;
	b->tcb.last_ack_sent = b->tcb.rcv_nxt;
	b->tcb.ts_recent = w->clock;
	b->peer_life = a->life;
	b->unread = 0;
}

/* --- what may happen ------------------------------------------------------------------- */

/* A timer that runs out while nothing is under way is right; else it counts. */
static bool may_repeat(const struct world *w, const struct end *end)
{
	return has_to_repeat(end) && (!w->n_net || end->early);
}

static void timer(const struct lesson *l, struct world *w, unsigned int e)
{
	if (w->n_net)
		w->end[e].early--;
	repeat(l, w, e);
}

static bool may_open(const struct end *end)
{
	return end->opens && end->tcb.state == XTCP_CLOSED;
}

static bool may_write(const struct lesson *l, const struct end *end, unsigned int e)
{
	return (end->tcb.state == XTCP_ESTABLISHED || end->tcb.state == XTCP_CLOSE_WAIT) &&
	       end->written < l->writes[e] && !end->closed;
}

/* The user has a socket: he connected, or a handshake is complete. */
static bool has_socket(const struct end *end)
{
	return synchronized(end) ? end->tcb.state != XTCP_TIME_WAIT :
	       end->tcb.state == XTCP_SYN_SENT ||
	       (end->tcb.state == XTCP_SYN_RCVD && !end->tcb.passive);
}

static bool may_close(const struct lesson *l, const struct end *end, unsigned int e,
		      enum step_kind how)
{
	if (!has_socket(end) || end->tcb.rcv_closed)
		return false;
	if (how == ABORT)
		return l->users[e] & ABORTS;
	if (how == SHUTDOWN && l->users[e] & CLOSES_SECOND)
		return end->tcb.state == XTCP_CLOSE_WAIT && end->written == l->writes[e];
	if (how == SHUTDOWN)
		return (l->users[e] & SHUTS_DOWN) && !end->closed && end->tcb.state != XTCP_SYN_SENT;
	return l->users[e] & CLOSES;
}

/* One of several segments that are the same. */
static bool first_of_its_kind(const struct world *w, unsigned int which)
{
	const struct under_way *a = &w->net[which], *b;

	for (b = w->net; b < a; b++)
		if (a->seq == b->seq && a->ack == b->ack && a->ctl == b->ctl && a->to == b->to &&
		    a->len == b->len && a->wnd == b->wnd && a->ts == b->ts &&
		    a->ttl == b->ttl && a->life == b->life && a->peer == b->peer)
			return false;
	return true;
}

static bool may_travel(const struct lesson *l, const struct world *w, struct step s)
{
	if (s.which >= w->n_net || !first_of_its_kind(w, s.which))
		return false;
	if (s.kind == LOST)
		return w->losses;
	if (s.kind == TWICE)
		return w->copies && !is_full(l, w) && (!l->copies_to || l->copies_to >> w->net[s.which].to & 1);
	return true;
}

bool possible(const struct lesson *l, const struct world *w, struct step s)
{
	const struct end *end = &w->end[s.end];

	switch (s.kind) {
	case ARRIVES:
	case LOST:
	case TWICE:
		return may_travel(l, w, s);
	case OLD_ARRIVES:
		return w->old >> s.which & 1;
	case TIMER:
		return may_repeat(w, end);
	case EXPIRES:
		return end->tcb.state == XTCP_TIME_WAIT && !l->time_wait_msl && !w->n_net;
	case TICK:
		return may_tick(l, w);
	case OPEN:
		return may_open(end);
	case WRITE:
		return may_write(l, end, s.end);
	case READ:
		return end->unread;
	case SHUTDOWN:
	case CLOSE:
	case ABORT:
		return may_close(l, end, s.end, s.kind);
	case CRASH:
		return l->users[s.end] & CRASHES && has_socket(end) && end->opens;
	case WRAP:
		return w->wraps && is_quiet(w);
	default:
		return false;
	}
}

static void happens(const struct lesson *l, struct world *w, struct step s)
{
	struct under_way seg;

	switch (s.kind) {
	case ARRIVES:
		seg = leaves(w, s.which);
		arrives(l, w, seg.to, &seg);
		break;
	case LOST:
		w->losses--;
		leaves(w, s.which);
		break;
	case TWICE:
		w->copies--;
		w->net[w->n_net++] = w->net[s.which];
		break;
	case OLD_ARRIVES:
		old_arrives(l, w, s.which);
		break;
	case TIMER:
		timer(l, w, s.end);
		break;
	case EXPIRES:
	case CRASH:
		forget(l, &w->end[s.end]);
		break;
	case TICK:
		tick(l, w);
		break;
	case OPEN:
		user_open(l, w, s.end);
		break;
	case WRITE:
		user_write(l, w, s.end);
		break;
	case READ:
		user_read(l, w, s.end);
		break;
	case WRAP:
		wrap(w);
		break;
	default:
		user_closes(l, w, s.end, s.kind);
	}
}

void take(const struct lesson *l, struct world *w, struct step s)
{
	struct world before = *w;

	happens(l, w, s);
	if (!w->broken)
		check_world(l, &before, w);
}

/* How many there are of a kind: segments, or one for each end that can. */
static unsigned int count_of(const struct lesson *l, enum step_kind kind)
{
	switch (kind) {
	case ARRIVES:
	case LOST:
	case TWICE:
		return UNDER_WAY;
	case OLD_ARRIVES:
		return l->olds;
	default:
		return 1;
	}
}

static unsigned int ends_of(enum step_kind kind)
{
	return kind == TICK || kind == WRAP || kind <= OLD_ARRIVES ? 1 : 2;
}

unsigned int possible_steps(const struct lesson *l, const struct world *w, struct step *steps)
{
	unsigned int n = 0;
	struct step s;

	for (s.kind = ARRIVES; s.kind < STEPS; s.kind++)
		for (s.end = 0; s.end < ends_of(s.kind); s.end++)
			for (s.which = 0; s.which < count_of(l, s.kind); s.which++)
				if (possible(l, w, s))
					steps[n++] = s;
	return n;
}
