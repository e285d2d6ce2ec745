// SPDX-License-Identifier: GPL-2.0
/* A world in 64 octets: one line for each octet, once in and once out. */

#include <string.h>
#include <linux/kernel.h>
#include "world.h"

/* Number 0 is the second octet of text of the first life. */
#define BASE ((u32)-(FIRST_ISN + NEXT_ISN + 2))

enum {
	END_SIZE = 16,
	SEG_SIZE = 5,
	NET_AT = 2 * END_SIZE,
	REST_AT = NET_AT + UNDER_WAY * SEG_SIZE,
};

u32 isn_of(const struct lesson *l, unsigned int end, unsigned int life)
{
	return BASE + FIRST_ISN + (l->isn_constant || l->wraps ? 1 : life) * NEXT_ISN;
}

int shown(unsigned int end, u32 seq)
{
	return (int)(seq - BASE) + (end == A ? 50 : 250);
}

void first_world(const struct lesson *l, struct world *w)
{
	unsigned int e;

	memset(w, 0, sizeof(*w));
	for (e = A; e <= B; e++) {
		w->end[e].tcb.state = XTCP_CLOSED;
		w->end[e].listens = l->listens >> e & 1;
		w->end[e].opens = l->opens[e];
		w->end[e].early = l->early[e];
	}
	w->losses = l->losses;
	w->copies = l->copies;
	w->wraps = l->wraps;
	w->old = (1 << l->olds) - 1;
}

/* --- in ------------------------------------------------------------------- */

/* One octet, or the world has no place for it. */
static u8 number(u32 seq, bool *fits)
{
	*fits &= seq - BASE <= 255;
	return seq - BASE;
}

static u8 bits(u32 value, unsigned int width, unsigned int shift, bool *fits)
{
	*fits &= value < 1U << width;
	return value << shift;
}

static bool pack_end(const struct end *end, u8 *p)
{
	const struct xtcp_tcb *tcb = &end->tcb;
	bool fits = true;

	p[0] = tcb->state | end->listens << 4 | tcb->passive << 5 | tcb->close_queued << 6 |
	       tcb->fin_sent << 7;
	p[1] = tcb->rcv_closed | tcb->ts_ok << 1 | end->closed << 2 | end->ahead.here << 3 |
	       bits(end->opens, 2, 4, &fits) | bits(end->unread, 2, 6, &fits);
	p[2] = bits(end->life, 3, 0, &fits) | bits(end->peer_life, 3, 3, &fits) |
	       end->ahead.fin << 6;
	p[12] = bits(tcb->ts_recent, 4, 0, &fits) | bits(end->early, 4, 4, &fits);
	if (tcb->state == XTCP_CLOSED)
		return fits;
	p[3] = number(tcb->snd_una, &fits);
	p[4] = number(tcb->snd_nxt, &fits);
	p[5] = number(tcb->irs, &fits);
	p[6] = number(tcb->rcv_nxt, &fits);
	p[7] = number(tcb->snd_wl1, &fits);
	p[8] = number(tcb->snd_wl2, &fits);
	p[9] = bits(xtcp_tcb_rcv_wnd(tcb), 4, 0, &fits) | bits(tcb->snd_wnd, 4, 4, &fits);
	p[10] = bits(tcb->snd_wnd_max, 4, 0, &fits) | bits(end->ticks, 4, 4, &fits);
	p[11] = number(tcb->last_ack_sent, &fits);
	p[13] = bits(end->written, 2, 0, &fits) | bits(end->unsent, 2, 2, &fits) |
		bits(end->ahead.len, 2, 4, &fits);
	if (!end->ahead.here)
		return fits;
	p[14] = number(end->ahead.seq, &fits);
	p[15] = end->ahead.life | end->ahead.peer << 3;
	return fits;
}

/* The first octet is not 0. */
static u64 pack_segment(const struct under_way *s, bool *fits)
{
	u8 ctl = (s->ctl & (XTCP_FIN | XTCP_SYN | XTCP_RST)) | (s->ctl & XTCP_ACK ? 8 : 0);

	return (u64)(0x80 | s->to << 6 | bits(s->len, 2, 4, fits) | ctl) << 32 |
	       (u64)number(s->seq, fits) << 24 | number(s->ack, fits) << 16 |
	       (s->life | s->peer << 3 | s->ttl << 6) << 8 | (s->wnd | bits(s->ts, 4, 4, fits));
}

/* The order of segments in the network means nothing: it is always the same. */
static void put_segments(u64 *segs, unsigned int n, u8 *p)
{
	unsigned int i, j;
	u64 seg;

	for (i = 1; i < n; i++) {
		seg = segs[i];
		for (j = i; j && segs[j - 1] < seg; j--)
			segs[j] = segs[j - 1];
		segs[j] = seg;
	}
	for (i = 0; i < n; i++)
		for (j = 0; j < SEG_SIZE; j++)
			*p++ = segs[i] >> 8 * (SEG_SIZE - 1 - j);
}

bool pack(const struct lesson *l, const struct world *w, union packed *p)
{
	u64 segs[UNDER_WAY];
	bool fits = true;
	unsigned int i;

	memset(p, 0, sizeof(*p));
	fits &= pack_end(&w->end[A], p->octet);
	fits &= pack_end(&w->end[B], p->octet + END_SIZE);
	for (i = 0; i < w->n_net; i++)
		segs[i] = pack_segment(&w->net[i], &fits);
	put_segments(segs, w->n_net, p->octet + NET_AT);
	p->octet[REST_AT] = w->old;
	p->octet[REST_AT + 1] = w->losses | w->copies << 4;
	p->octet[REST_AT + 2] = w->wraps | w->clock << 4;
	return fits;
}

/* --- out ------------------------------------------------------------------ */

static void unpack_end(const struct lesson *l, unsigned int e, const u8 *p, struct end *end)
{
	struct xtcp_tcb *tcb = &end->tcb;

	tcb->state = p[0] & 15;
	end->listens = p[0] >> 4 & 1;
	end->opens = p[1] >> 4 & 3;
	end->life = p[2] & 7;
	end->early = p[12] >> 4;
	if (tcb->state == XTCP_CLOSED)
		return;
	tcb->passive = p[0] >> 5 & 1;
	tcb->close_queued = p[0] >> 6 & 1;
	tcb->fin_sent = p[0] >> 7;
	tcb->rcv_closed = p[1] & 1;
	tcb->ts_ok = p[1] >> 1 & 1;
	tcb->rst_ignored = !l->rfc1337_off;
	tcb->paws_idle_us = l->no_paws ? 0 : 1;
	end->closed = p[1] >> 2 & 1;
	end->unread = p[1] >> 6;
	end->peer_life = p[2] >> 3 & 7;
	tcb->iss = isn_of(l, e, end->life);
	tcb->snd_una = BASE + p[3];
	tcb->snd_nxt = BASE + p[4];
	tcb->irs = BASE + p[5];
	tcb->rcv_nxt = BASE + p[6];
	tcb->snd_wl1 = BASE + p[7];
	tcb->snd_wl2 = BASE + p[8];
	tcb->rcv_adv = tcb->rcv_nxt + (p[9] & 15);
	tcb->snd_wnd = p[9] >> 4;
	tcb->snd_wnd_max = p[10] & 15;
	end->ticks = p[10] >> 4;
	tcb->last_ack_sent = BASE + p[11];
	tcb->ts_recent = p[12] & 15;
	end->written = p[13] & 3;
	end->unsent = p[13] >> 2 & 3;
	if (!(p[1] & 8))
		return;
	end->ahead = (struct ahead){
		.here = true,
		.seq = BASE + p[14],
		.len = p[13] >> 4 & 3,
		.fin = p[2] >> 6 & 1,
		.life = p[15] & 7,
		.peer = p[15] >> 3,
	};
}

static void unpack_segment(const u8 *p, struct under_way *s)
{
	s->ctl = (p[0] & 7) | (p[0] & 8 ? XTCP_ACK : 0);
	s->len = p[0] >> 4 & 3;
	s->to = p[0] >> 6 & 1;
	s->seq = BASE + p[1];
	s->ack = BASE + p[2];
	s->life = p[3] & 7;
	s->peer = p[3] >> 3 & 7;
	s->ttl = p[3] >> 6;
	s->wnd = p[4] & 15;
	s->ts = p[4] >> 4;
}

void unpack(const struct lesson *l, const union packed *p, struct world *w)
{
	const u8 *seg = p->octet + NET_AT;

	memset(w, 0, sizeof(*w));
	unpack_end(l, A, p->octet, &w->end[A]);
	unpack_end(l, B, p->octet + END_SIZE, &w->end[B]);
	for (; w->n_net < UNDER_WAY && *seg; seg += SEG_SIZE)
		unpack_segment(seg, &w->net[w->n_net++]);
	w->old = p->octet[REST_AT];
	w->losses = p->octet[REST_AT + 1] & 15;
	w->copies = p->octet[REST_AT + 1] >> 4;
	w->wraps = p->octet[REST_AT + 2] & 15;
	w->clock = p->octet[REST_AT + 2] >> 4;
}

/* --- the same, seen from the other end ---------------------------------------- */

void mirror(const union packed *p, union packed *other)
{
	const u8 *from = p->octet + NET_AT;
	u64 segs[UNDER_WAY];
	unsigned int n, i;

	memset(other, 0, sizeof(*other));
	memcpy(other->octet, p->octet + END_SIZE, END_SIZE);
	memcpy(other->octet + END_SIZE, p->octet, END_SIZE);
	for (n = 0; n < UNDER_WAY && *from; n++) {
		segs[n] = *from++ ^ 1 << 6;
		for (i = 1; i < SEG_SIZE; i++)
			segs[n] = segs[n] << 8 | *from++;
	}
	put_segments(segs, n, other->octet + NET_AT);
	memcpy(other->octet + REST_AT, p->octet + REST_AT, sizeof(*p) - REST_AT);
}

u64 hash(const union packed *p)
{
	u64 h = 0x9e3779b97f4a7c15ULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p->word); i++) {
		h = (h ^ p->word[i]) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	return h;
}
