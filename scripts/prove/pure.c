// SPDX-License-Identifier: GPL-2.0
/*
 * Functions without a memory, over all their inputs where those are few, or all that are
 * near an edge: sequence numbers and windows at many bases, those of the wrap among them,
 * against what RFC 9293 says of octets one by one; and options, written and read again.
 */

#include <stdio.h>
#include <string.h>
#include <linux/kernel.h>
#include <xtcp/tcb.h>

static unsigned long long checks, failures;

static void check(bool right, const char *what, u32 a, u32 b, u32 c)
{
	checks++;
	if (right)
		return;
	if (failures++ < 10)
		printf("wrong: %s (%#x, %#x, %#x)\n", what, a, b, c);
}

/* Numbers around which something may change. */
static const u32 edges[] = { 0, 0x7fffffff, 0x80000000, 0xffff0000, 0xfffffff0, 0x12345678 };

/* --- RFC 9293 3.4: comparisons modulo 2^32 ---------------------------------------- */

enum { NEAR = 1 << 16 };

/* @ahead octets lead from @a to @b; half of all numbers are ahead, and none by 0. */
static void check_order(u32 a, u32 ahead)
{
	u32 b = a + ahead;
	bool before = ahead && ahead < 0x80000000;

	/* By exactly 2^31 each is before the other: RFC 1982 leaves that open. */
	if (ahead == 0x80000000)
		return;
	check(xtcp_seq_lt(a, b) == before, "lt", a, b, ahead);
	check(xtcp_seq_gt(b, a) == before, "gt", a, b, ahead);
	check(xtcp_seq_leq(a, b) == (before || !ahead), "leq", a, b, ahead);
	check(xtcp_seq_geq(b, a) == (before || !ahead), "geq", a, b, ahead);
	check(xtcp_seq_lt(b, a) == (ahead && !before), "lt, turned round", a, b, ahead);
}

static void check_orders(void)
{
	unsigned int i, j;
	s32 d;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		for (j = 0; j < ARRAY_SIZE(edges); j++)
			for (d = -NEAR; d <= NEAR; d++)
				check_order(edges[i] + d / 2, edges[j] + d);
}

/* Is @seq met on the way from @lo to @hi? Asked by walking it. */
static bool on_the_way(u32 lo, u32 seq, u32 hi)
{
	for (; lo != hi; lo++)
		if (lo == seq)
			return true;
	return seq == hi;
}

static void check_between(void)
{
	unsigned int i, width;
	s32 at;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		for (width = 0; width < 128; width++)
			for (at = -128; at < 256; at++) {
				u32 lo = edges[i] - 64, seq = lo + at, hi = lo + width;

				check(xtcp_seq_between(lo, seq, hi) == on_the_way(lo, seq, hi),
				      "between", lo, seq, hi);
			}
}

/* --- RFC 9293 3.4: which octets of a segment are in the window ------------------------ */

enum { MOST = 6, FAR = 9 };		/* octets of a window, or of text; numbers beside it */

struct place {
	u32 rcv_nxt, wnd, seq, len;
	bool fin;
};

static bool in_window(const struct place *p, u32 octet)
{
	return octet - p->rcv_nxt < p->wnd;
}

/* The table, octet by octet; and what takes no room may stand at the right edge. */
static bool is_acceptable(const struct place *p)
{
	u32 len = p->len + p->fin;

	if (!len)
		return p->seq - p->rcv_nxt <= p->wnd;
	if (!p->wnd)
		return p->seq == p->rcv_nxt;
	return in_window(p, p->seq) || in_window(p, p->seq + len - 1);
}

/* The first octet of the segment that is new and in the window, and how many there are. */
static u32 octets_taken(const struct place *p, u32 *first)
{
	u32 i, n = 0;

	for (i = 0; i < p->len; i++)
		if (in_window(p, p->seq + i) && !n++)
			*first = p->seq + i;
	return n;
}

static void check_place(const struct place *p)
{
	struct xtcp_tcb tcb = {
		.state = XTCP_ESTABLISHED,
		.iss = 0x1000,
		.snd_una = 0x1001,
		.snd_nxt = 0x1001,
		.snd_wnd = MOST,
		.snd_wnd_max = MOST,
		.irs = p->rcv_nxt - 1,
		.rcv_nxt = p->rcv_nxt,
		.rcv_adv = p->rcv_nxt + p->wnd,
		.snd_wl1 = p->rcv_nxt - 1,
	};
	const struct xtcp_segment seg = {
		.seq = p->seq,
		.ack = 0x1001,
		.text_len = p->len,
		.wnd = MOST,
		.ctl = XTCP_ACK | (p->fin ? XTCP_FIN : 0),
	};
	struct xtcp_verdict v;
	u32 first = p->rcv_nxt, taken = octets_taken(p, &first);
	bool next, fin;

	check(xtcp_tcb_rcv_wnd(&tcb) == p->wnd, "RCV.WND", p->rcv_nxt, p->wnd, 0);
	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	check((v.drop == XTCP_DROP_SEQUENCE) == !is_acceptable(p), "acceptable", p->rcv_nxt,
	      p->seq, p->len);
	if (!is_acceptable(p))
		return;
	next = taken && first == p->rcv_nxt;
	check(v.text_len == taken, "octets taken", p->rcv_nxt, p->seq, p->len);
	check(!!(v.events & XTCP_EV_TEXT) == next, "in order", p->rcv_nxt, p->seq, p->len);
	/* It is seen when what is before it is here; it may stand behind the window. */
	fin = p->fin && p->seq + p->len - p->rcv_nxt == (next ? taken : 0);
	check(!!(v.events & XTCP_EV_FIN) == fin, "FIN", p->rcv_nxt, p->seq, p->len);
	check(tcb.rcv_nxt == p->rcv_nxt + (next ? taken : 0) + fin, "RCV.NXT", p->rcv_nxt, p->seq,
	      p->len);
	check(tcb.rcv_adv == p->rcv_nxt + p->wnd, "right edge", p->rcv_nxt, p->seq, p->len);
}

static void check_windows(void)
{
	struct place p;
	unsigned int i;
	s32 d, at;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		for (d = -32; d <= 32; d++)
			for (p.wnd = 0; p.wnd <= MOST; p.wnd++)
				for (at = -FAR; at <= FAR; at++)
					for (p.len = 0; p.len <= MOST; p.len++) {
						p.rcv_nxt = edges[i] + d;
						p.seq = p.rcv_nxt + at;
						p.fin = false;
						check_place(&p);
						p.fin = true;
						check_place(&p);
					}
}

/* --- options: what is written is read again ---------------------------------------------- */

static bool same_options(const struct xtcp_options *a, const struct xtcp_options *b)
{
	return a->mss == b->mss && a->has_ts == b->has_ts && a->tsval == b->tsval &&
	       a->tsecr == b->tsecr && a->has_wscale == b->has_wscale &&
	       a->wscale == b->wscale && a->sack_perm == b->sack_perm &&
	       a->has_fastopen == b->has_fastopen && a->experiment == b->experiment &&
	       a->cookie_len == b->cookie_len &&
	       !memcmp(a->cookie ?: (u8 *)"", b->cookie ?: (u8 *)"", a->cookie_len);
}

static void check_written(const struct xtcp_options *opt)
{
	__be32 room[XTCP_OPTIONS_MAX / 4 + 1];
	unsigned int len = xtcp_options_len(opt);
	struct xtcp_options read;

	check(len % 4 == 0, "padded", len, 0, 0);
	if (len > XTCP_OPTIONS_MAX)
		return;			/* no segment of ours has so many */
	memset(room, 0xee, sizeof(room));
	xtcp_options_write(room, opt);
	check(((u8 *)room)[len] == 0xee, "as long as said", len, 0, 0);
	xtcp_options_parse((u8 *)room, len, &read);
	check(same_options(opt, &read), "read as written", len, opt->mss, opt->cookie_len);
}

/* Bit by bit what there may be; each shift, each length of a cookie, MSS in steps. */
static void check_options(void)
{
	static const u8 cookie[XTCP_FASTOPEN_COOKIE_MAX] = "0123456789abcdef";
	static const u8 lens[] = { 0, 4, 6, 8, 10, 12, 14, 16 };
	unsigned int bits, shift, i;
	u32 mss;

	for (bits = 0; bits < 32; bits++)
		for (shift = 0; shift <= XTCP_WSCALE_MAX; shift++)
			for (i = 0; i < ARRAY_SIZE(lens); i++)
				for (mss = 0; mss <= 0xffff; mss += 257) {
					struct xtcp_options opt = {
						.mss = mss,
						.has_ts = bits & 1,
						.tsval = bits & 1 ? mss * 65537 : 0,
						.tsecr = bits & 1 ? ~mss : 0,
						.has_wscale = bits >> 1 & 1,
						.wscale = bits & 2 ? shift : 0,
						.sack_perm = bits >> 2 & 1,
						.has_fastopen = bits >> 3 & 1,
						.experiment = (bits & 24) == 24,
						.cookie = bits & 8 ? cookie : NULL,
						.cookie_len = bits & 8 ? lens[i] : 0,
					};

					check_written(&opt);
				}
}

int main(void)
{
	check_orders();
	check_between();
	check_windows();
	check_options();
	printf("pure functions: %llu checks, %llu wrong\n", checks, failures);
	return failures != 0;
}
