// SPDX-License-Identifier: GPL-2.0
/*
 * Memory and window are one promise (module/engine/window.c, receive.c): single cases,
 * and many random ones. A round of those has writers and readers of all kinds at both
 * ends, segments of all sizes in buffers of all kinds, memory that runs out and comes
 * back, and a wire that loses, doubles and delays. Its seed says everything about it.
 * What must hold, whatever happens:
 *
 * - octets read are octets written, and in the end all of them;
 * - a receive queue weighs no more than the buffer its window was announced from, and a
 *   segment;
 * - text in order in an announced window is refused only when memory has run out;
 * - the right edge never moves left, nor does what the peer sees of it but by rounding;
 * - who waits for more than can come is woken;
 * - where nothing is lost, late or refused, nothing is sent again.
 */

#define pr_fmt(fmt) "xtcp_promise_rounds: " fmt

#include <linux/moduleparam.h>
#include <linux/tcp.h>
#include <xtcp/output.h>
#include <xtcp/receive.h>
#include <xtcp/skb.h>
#include <xtcp/window.h>
#include "../wire.h"

enum { STEPS = 150, FAMILIES = 3, PATIENCE_MS = 300000 };

/* KUnit ends a case after five minutes; so this runs in suite_init(), as fuzz_wire_test.c. */
static unsigned int promise_rounds = IS_ENABLED(CONFIG_KASAN) ? 30 : 300;
module_param(promise_rounds, uint, 0444);
MODULE_PARM_DESC(promise_rounds, "rounds of the KUnit suite xtcp_promise_rounds");

static unsigned int promise_seed = 253;
module_param(promise_seed, uint, 0444);
MODULE_PARM_DESC(promise_seed, "seed of its first round");

/* One end in a round. */
struct end {
	u32 left;			/* octets to write still */
	u32 rcv_adv;			/* when we looked last */
	int promised_by;		/* largest buffer since before that moved */
	int rcvbuf;			/* when we looked last */
};

struct round {
	struct wire *w;
	struct end end[2];
	u64 refused, pruned;
	bool faulty;			/* the wire loses, doubles, delays */
	bool memory_fails;
	bool stopped;			/* a law was broken: what and where is said */
};

static u32 random_u32(struct wire *w, u32 below)
{
	return prandom_u32_state(&w->random) % below;
}

/* 1 to @most, small ones as often as large ones. */
static u32 random_size(struct wire *w, u32 most)
{
	u32 bits = random_u32(w, fls(most)) + 1;

	return min(random_u32(w, 1U << bits) + 1, most);
}

static void show(struct round *r, enum wire_end at)
{
	const struct xtcp_sock *xs = wire_xs(r->w, at);
	const struct sock *sk = (const struct sock *)xs;

	pr_err("%c: wrote %llu (%u left), read %llu; window %u << %u, ratio %u, queue weighs %d of %d, mss %u; SND.UNA +%u, SND.WND %u, MSS %u, %u sent again, cwnd %u\n",
	       'A' + at, r->w->side[at].sent, r->end[at].left, r->w->side[at].received,
	       xtcp_tcb_rcv_wnd(&xs->tcb) >> xs->tcb.rcv_wscale, xs->tcb.rcv_wscale,
	       xs->rcv.ratio, atomic_read(&sk->sk_rmem_alloc), sk->sk_rcvbuf, xs->rcv.mss,
	       xs->tcb.snd_nxt - xs->tcb.snd_una, xs->tcb.snd_wnd, xs->snd.mss,
	       xs->stats.retrans, xs->cong.cwnd);
}

/* The last segments of the wire. */
static void show_tail(struct wire *w)
{
	struct list_head *at = w->segments.prev;
	int i;

	for (i = 0; i < 24 && at != &w->segments; i++)
		at = at->prev;
	w->shown = at;
	w->show_window = true;
	WIRE_EXPECT(w, "");
}

static void broken(struct round *r, const char *law)
{
	r->stopped = true;
	show_tail(r->w);
	show(r, A);
	show(r, B);
	wire_fail(r->w, WIRE_HERE, law);
}

/* --- the laws ------------------------------------------------------------ */

static void check_end(struct round *r, enum wire_end at)
{
	const struct xtcp_sock *xs = wire_xs(r->w, at);
	const struct sock *sk = (const struct sock *)xs;
	/* A segment; what is being copied together; the least window that can be told. */
	int slack = r->w->heaviest + 8192 + (2 << xs->tcb.rcv_wscale);
	struct end *end = &r->end[at];

	if (xtcp_seq_lt(xs->tcb.rcv_adv, end->rcv_adv))
		broken(r, "the right edge moved left");
	if (xs->tcb.rcv_adv != end->rcv_adv)
		end->promised_by = end->rcvbuf;
	end->rcv_adv = xs->tcb.rcv_adv;
	end->rcvbuf = sk->sk_rcvbuf;
	end->promised_by = max(end->promised_by, end->rcvbuf);
	if (atomic_read(&sk->sk_rmem_alloc) > end->promised_by + slack)
		broken(r, "the receive queue weighs more than what was promised");
	if (sk->sk_forward_alloc < 0)
		broken(r, "memory used that was not reserved");
	if (xs->rcv.no_memory && !r->memory_fails)
		broken(r, "text in order was refused while there was memory");
	if (sk->sk_state != TCP_ESTABLISHED)
		broken(r, "the connection ended");
}

static void check_laws(struct round *r)
{
	check_end(r, A);
	check_end(r, B);
	if (r->faulty || r->memory_fails)
		return;
	if (wire_xs(r->w, A)->stats.retrans || wire_xs(r->w, B)->stats.retrans)
		broken(r, "sent again what was not lost");
	if (wire_counter(XTCP_DROP_NO_ROOM) != r->refused)
		broken(r, "text was refused");
	if (wire_counter(XTCP_DROP_PRUNED) != r->pruned)
		broken(r, "text was thrown away");
}

/* What the peer of @from saw of the right edge. */
static void check_edges(struct round *r, enum wire_end from)
{
	const struct xtcp_tcb *tcb = &wire_xs(r->w, from)->tcb;
	struct wire_segment *seg;
	u32 most = 0, edge;
	u8 shift;

	list_for_each_entry(seg, &r->w->segments, link) {
		if (seg->from != from || !(seg->ctl & XTCP_ACK))
			continue;
		shift = seg->ctl & XTCP_SYN ? 0 : tcb->rcv_wscale;
		edge = seg->ack_rel + ((u32)seg->wnd << shift);
		if (edge + (1U << tcb->rcv_wscale) <= most) {
			broken(r, "the announced right edge moved left");
			return;
		}
		most = max(most, edge);
	}
}

/* --- what programs do ---------------------------------------------------- */

static void some_write(struct round *r, enum wire_end at, u32 most)
{
	struct end *end = &r->end[at];
	u32 n = min(random_size(r->w, most), end->left);
	int sent = n ? wire_send(r->w, at, n) : 0;

	if (sent > 0)
		end->left -= sent;
}

static void some_read(struct round *r, enum wire_end at)
{
	wire_recv(r->w, at, random_size(r->w, 1 << 17));
}

/* MSG_PEEK: sees what will be read, and takes nothing. */
static void some_peek(struct round *r, enum wire_end at)
{
	u8 text[300];
	struct kvec vec = { .iov_base = text, .iov_len = sizeof(text) };
	struct wire_side *side = &r->w->side[at];
	struct msghdr msg = { };
	int i, n;

	n = kernel_recvmsg(side->sock, &msg, &vec, 1, random_size(r->w, sizeof(text)),
			   MSG_DONTWAIT | MSG_PEEK);
	for (i = 0; i < n; i++)
		if (text[i] != wire_octet(!at, side->received + i))
			broken(r, "peeked other than what was written");
}

static void some_option(struct round *r, enum wire_end at)
{
	struct wire *w = r->w;

	switch (random_u32(w, 4)) {
	case 0:
		wire_option(w, at, SOL_TCP, TCP_NODELAY, random_u32(w, 2));
		break;
	case 1:
		wire_option(w, at, SOL_SOCKET, SO_RCVLOWAT, random_size(w, 1 << 18));
		break;
	default:
		wire_option(w, at, SOL_SOCKET, SO_RCVBUF, random_size(w, 1 << 18));
	}
	check_laws(r);
}

static void some_memory(struct round *r)
{
	if (!r->memory_fails)
		return;
	if (random_u32(r->w, 2))
		wire_memory_runs_out(r->w);
	else
		wire_memory_is_back(r->w);
}

/* Text waits, and for no acknowledgment. */
static bool held_back(struct wire *w, enum wire_end at)
{
	return !skb_queue_empty(&w->side[at].sock->sk->sk_write_queue) &&
	       !xtcp_queue_oldest(w->side[at].sock->sk);
}

/*
 * Nobody reads for a while. Whoever still cannot send then waits for the reader, and the
 * reader must know, whatever he waits for.
 */
static void some_pause(struct round *r)
{
	enum wire_end at;
	struct sock *sk;

	wire_run_ms(r->w, 1500);
	if (r->faulty || r->memory_fails)
		return;
	for (at = A; at <= B; at++) {
		sk = r->w->side[at].sock->sk;
		if (held_back(r->w, !at) && xtcp_unread(sk) && !xtcp_receive_enough(sk, INT_MAX))
			broken(r, "a reader waits for what cannot come");
		if (held_back(r->w, !at) && !xtcp_unread(sk))
			broken(r, "text waits though there is room");
	}
}

static void some_step(struct round *r)
{
	enum wire_end at = random_u32(r->w, 2);
	int i;

	switch (random_u32(r->w, 16)) {
	case 0 ... 3:
		some_write(r, at, 1 << 16);
		break;
	case 4 ... 5:
		for (i = random_u32(r->w, 50); i >= 0; i--)
			some_write(r, at, 1 << random_u32(r->w, 10));
		break;
	case 6 ... 8:
		some_read(r, at);
		break;
	case 9:
		some_peek(r, at);
		break;
	case 10:
		some_option(r, at);
		break;
	case 11:
		some_memory(r);
		break;
	case 12:
		if (random_u32(r->w, 8) == 0)
			some_pause(r);
		break;
	default:
		wire_run_ms(r->w, random_u32(r->w, 40));
	}
	check_laws(r);
}

/* --- a round ------------------------------------------------------------- */

/* So that what is left ends soon, and the next round can begin. */
static void set_knobs(struct round *r)
{
	struct wire *w = r->w;

	wire_forget_servers(w);
	wire_knob(w, msl_ms, 500);
	wire_knob(w, rto_max_ms, 1000);
	wire_knob(w, retries2, 255);
	wire_knob(w, timestamps, random_u32(w, 4) > 0);
	wire_knob(w, window_scaling, random_u32(w, 4) > 0);
	wire_knob(w, rmem_default, 4096 + random_size(w, 1 << 18));
	wire_knob(w, rmem_max, 4096 << random_u32(w, 15));
	wire_path(w, random_u32(w, 2) ? WIRE_TEXT : 100 + random_size(w, 60000));
}

static void set_faults(struct round *r, u32 seed)
{
	r->faulty = seed / FAMILIES % 2;
	r->memory_fails = seed / FAMILIES / 2 % 4 == 3;
	wire_shapes(r->w);
	if (!r->faulty)
		return;
	r->w->loss_percent = random_u32(r->w, 8);
	wire_disorder(r->w, random_u32(r->w, 10), random_u32(r->w, 10));
}

/* Nothing arrives just when the test does something: the order of the two would be chance. */
static void start_clock(struct wire *w)
{
	w->delay_ns = 9731 * NSEC_PER_USEC;
	w->epoch_ns = (div_u64(ktime_get_ns(), NSEC_PER_SEC) + 1) * NSEC_PER_SEC;
	wire_run_to_ms(w, 0);
}

static void begin(struct round *r)
{
	enum wire_end at;

	wire_establish(r->w);
	for (at = A; at <= B; at++) {
		r->end[at].left = random_size(r->w, 1 << 19);
		r->end[at].rcv_adv = wire_xs(r->w, at)->tcb.rcv_adv;
		r->end[at].rcvbuf = r->w->side[at].sock->sk->sk_rcvbuf;
		r->end[at].promised_by = r->end[at].rcvbuf;
	}
	r->refused = wire_counter(XTCP_DROP_NO_ROOM);
	r->pruned = wire_counter(XTCP_DROP_PRUNED);
}

static bool all_is_read(const struct round *r)
{
	const struct wire_side *side = r->w->side;

	return !r->end[A].left && !r->end[B].left && side[A].received == side[B].sent &&
	       side[B].received == side[A].sent;
}

/* There is memory, both write what is left, and read what comes. */
static void finish(struct round *r)
{
	struct wire *w = r->w;
	u64 late = wire_now_us(w) + PATIENCE_MS * USEC_PER_MSEC;
	enum wire_end at;
	int n, got;

	wire_memory_is_back(w);
	while (!all_is_read(r) && !r->stopped) {
		for (at = A, n = 0; at <= B; at++) {
			some_write(r, at, 1 << 16);
			while ((got = wire_recv(w, at, 65536)) > 0)
				n += got;
		}
		wire_run_ms(w, n ? 3 : 15);
		check_laws(r);
		if (wire_now_us(w) > late)
			broken(r, "text did not arrive");
	}
}

static void check_all(struct round *r)
{
	enum wire_end at;

	for (at = A; at <= B && !r->stopped; at++) {
		if (!r->memory_fails)
			check_edges(r, at);
	}
}

static bool one_round(u32 seed)
{
	struct wire *w = wire_open(NULL, ipv6_mod_enabled() ? seed % FAMILIES : WIRE_IPV4);
	struct round r = { .w = w };
	unsigned int i;

	if (!w)
		return false;
	prandom_seed_state(&w->random, seed * 0x9e3779b97f4a7c15ULL + 1);
	set_knobs(&r);
	start_clock(w);
	begin(&r);
	set_faults(&r, seed);
	for (i = 0; i < STEPS && !r.stopped; i++)
		some_step(&r);
	finish(&r);
	check_all(&r);
	if (w->failures)
		pr_err("seed %u: make fuzz N=1 SEED=%u\n", seed, seed);
	return !wire_close(w);
}

static struct {
	unsigned int rounds, failed, first_seed;
} result;

static int promise_init(struct kunit_suite *suite)
{
	u32 seed = promise_seed;

	memset(&result, 0, sizeof(result));
	for (; result.rounds < promise_rounds; result.rounds++, seed++) {
		if (one_round(seed))
			continue;
		if (!result.failed++)
			result.first_seed = seed;
	}
	pr_info("%u rounds, seeds %u to %u\n", result.rounds, promise_seed, seed - 1);
	return 0;
}

static void random_readers_and_writers(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, result.rounds, 0);
	KUNIT_EXPECT_EQ_MSG(test, result.failed, 0, "%u of %u, the first: make fuzz N=1 SEED=%u",
			    result.failed, result.rounds, result.first_seed);
}

/* --- single cases ---------------------------------------------------------- */

/* Segments of the test alone, to a B with a buffer of @rcvbuf; 0: the usual one. */
static struct wire *puppet(struct kunit *test, int rcvbuf)
{
	struct wire *w = test->priv;

	if (rcvbuf)
		wire_knob(w, rmem_default, rcvbuf);
	return wire_puppet(test);
}

static u32 window(struct wire *w)
{
	return xtcp_tcb_rcv_wnd(&wire_xs(w, B)->tcb);
}

static u32 next(struct wire *w)
{
	return wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs;
}

static int weight(struct wire *w)
{
	return atomic_read(&w->side[B].sock->sk->sk_rmem_alloc);
}

/* The last segment of B's. */
static struct wire_segment *said(struct wire *w)
{
	struct wire_segment *seg;

	list_for_each_entry_reverse(seg, &w->segments, link)
		if (seg->from == B)
			return seg;
	return NULL;
}

/* In order, @len octets at most: is there a window, and was it kept? */
static bool takes(struct wire *w, u32 len)
{
	u32 n = min(len, window(w)), before = next(w);

	wire_inject(w, A, XTCP_ACK, .seq = before, .ack = 1, .len = n);
	return n && next(w) == before + n;
}

/* What was announced is taken, also when the user has made the buffer smaller meanwhile. */
static void window__is_kept_in_a_smaller_buffer(struct kunit *test)
{
	struct wire *w = puppet(test, 65536);
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	u32 promised = window(w);
	int acks;

	WIRE_EQ(w, promised >= 32768 - 128, true);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 4096), 0);
	while (takes(w, 100))
		;
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
	WIRE_EQ(w, next(w), promised + 1);
	WIRE_EQ(w, weight(w) <= 65536 + 4096, true);
	wire_run_ms(w, 200);
	WIRE_EQ(w, said(w)->wnd, 0);
	/* Whoever reads it all tells the peer at once. */
	acks = wire_count(w, B, WIRE_ACK);
	WIRE_EQ(w, wire_recv(w, B, 65536), promised);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
	WIRE_EQ(w, said(w)->wnd > 0, true);
}

/* Small segments, a scale that cannot express their ends: the edge moves by segments. */
static void window__does_not_creep(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	u32 edge, moves = 0;

	wire_knob(w, rmem_max, 1 << 23);
	puppet(test, 1 << 15);
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_wscale, 7);
	edge = next(w) + window(w);
	while (moves < 50 && takes(w, 40)) {
		if (next(w) + window(w) == edge)
			continue;
		WIRE_EQ(w, next(w) + window(w) - edge > 400, true);
		edge = next(w) + window(w);
		moves++;
	}
	wire_run_ms(w, 200);
	WIRE_EQ(w, said(w)->wnd, 0);
	WIRE_EQ(w, moves < 50, true);
	WIRE_EQ(w, next(w) < 1 << 15, true);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
}

/* A buffer smaller than the least window that scaling can express: that is what is told. */
static void window__opens_by_the_least(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, rmem_max, 1 << 28);
	puppet(test, 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, 1000), 0);
	while (takes(w, 1000))
		;
	wire_run_ms(w, 200);
	WIRE_EQ(w, said(w)->wnd, 0);
	while (wire_recv(w, B, 65536) > 0)
		;
	WIRE_EQ(w, said(w)->wnd, 1);
}

/*
 * RFC 9293 3.8.6.2.2: a window of less than two segments moves by half of it, or the peer,
 * who waits for as much, would stand still; by less it does not.
 */
static void window__moves_by_half(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, 1280), 0);
	puppet(test, 0);
	WIRE_EQ(w, takes(w, 1000), true);
	WIRE_EQ(w, window(w), 1280);
	WIRE_EQ(w, takes(w, 660), true);
	WIRE_EQ(w, window(w), 1280);
	WIRE_EQ(w, takes(w, 300), true);
	WIRE_EQ(w, window(w), 980);
	WIRE_EQ(w, takes(w, 256), true);
	wire_run_ms(w, 200);
	WIRE_EQ(w, window(w), 724);
	WIRE_EQ(w, takes(w, 90), true);
	wire_run_ms(w, 200);
	WIRE_EQ(w, window(w), 1280);
}

/* What comes while the user has the socket takes room as what is queued does. */
static void window__less_what_is_in_the_backlog(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 15);
	struct sock *sk = w->side[B].sock->sk;
	u32 seq, before = window(w);

	WRITE_ONCE(sk->sk_rcvbuf, 1 << 17);
	lock_sock(sk);
	for (seq = 1; seq < 12000; seq += 200)
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 100);
	WIRE_EQ(w, sk->sk_backlog.len > 1 << 15, true);
	xtcp_output_ack(sk);
	WIRE_EQ(w, window(w) > before, true);
	WIRE_EQ(w, window(w) <= (sk->sk_rcvbuf - sk->sk_backlog.len) / 2, true);
	release_sock(sk);
	WIRE_EQ(w, next(w), 101);
}

/* Text is a tenth of its weight: less is announced. With full segments more again. */
static void window__by_what_text_weighs(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);
	u32 i;

	WIRE_EQ(w, xtcp_window_largest(w->side[B].sock->sk), 1 << 16);
	for (i = 0; i < 400; i++) {
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 60);
		wire_recv(w, B, 1000);
	}
	WIRE_EQ(w, xtcp_window_largest(w->side[B].sock->sk), 1 << 15);
	for (i = 0; i < 100; i++) {
		wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 1400);
		wire_recv(w, B, 2000);
	}
	WIRE_EQ(w, xtcp_window_largest(w->side[B].sock->sk) > 1 << 15, true);
}

/* A full queue, and memory runs out. */
static struct wire *refusing(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 500);
	wire_memory_runs_out(w);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 1);
	return w;
}

/* RFC 9293 3.8.6.1: what cannot be held is a window of 0, until there is memory. */
static void no_memory__window_0_is_said(struct kunit *test)
{
	struct wire *w = refusing(test);
	u32 edge = wire_xs(w, B)->tcb.rcv_adv;

	WIRE_EQ(w, said(w)->wnd, 0);
	WIRE_EQ(w, said(w)->ack_rel, 501);
	/* A probe of the window: still so. */
	wire_inject(w, A, XTCP_ACK, .seq = 500, .ack = 1);
	WIRE_EQ(w, said(w)->wnd, 0);
	WIRE_EQ(w, xtcp_receive_enough(w->side[B].sock->sk, INT_MAX), true);
	wire_memory_is_back(w);
	wire_run_ms(w, 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 500, .ack = 1);
	WIRE_EQ(w, said(w)->wnd > 0, true);
	/* What was promised before is taken. */
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 1000);
	WIRE_EQ(w, next(w), 1501);
	WIRE_EQ(w, xtcp_seq_geq(wire_xs(w, B)->tcb.rcv_adv, edge), true);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1500);
}

/* Who has read all is told of the one segment that is taken in any case. */
static unsigned int woken;

static void count_woken(struct sock *sk)
{
	woken++;
}

/* Who waits for more than has come: it may not come before he reads. */
static void no_memory__who_waits_is_woken(struct kunit *test)
{
	struct wire *w = puppet(test, 1 << 17);
	struct sock *sk = w->side[B].sock->sk;
	void (*ready)(struct sock *sk) = sk->sk_data_ready;

	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVLOWAT, 20000), 0);
	woken = 0;
	WRITE_ONCE(sk->sk_data_ready, count_woken);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 500);
	WIRE_EQ(w, woken, 0);
	wire_memory_runs_out(w);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	WIRE_EQ(w, woken, 1);
	WRITE_ONCE(sk->sk_data_ready, ready);
	wire_memory_is_back(w);
}

/* What was promised before is used up; an empty queue takes a segment all the same. */
static void no_memory__empty_queue_goes_on(struct kunit *test)
{
	struct wire *w = puppet(test, 4096);
	u32 seq = 1, i;

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 500);
	wire_memory_runs_out(w);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_xs(w, B)->rcv.no_memory, true);
	for (i = 0; i < 50; i++) {
		WIRE_EQ(w, wire_recv(w, B, 5000) > 0, true);
		seq = next(w);
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 400);
		WIRE_EQ(w, next(w), seq + 400);
	}
	wire_memory_is_back(w);
}

static void no_memory__reader_comes_back(struct kunit *test)
{
	struct wire *w = refusing(test);
	u32 wnd;

	WIRE_EQ(w, wire_recv(w, B, 2000), 500);
	wnd = (u32)said(w)->wnd << wire_xs(w, B)->tcb.rcv_wscale;
	WIRE_EQ(w, wnd >= 500 && wnd <= 2000, true);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	WIRE_EQ(w, wire_recv(w, B, 2000), 500);
	wire_memory_is_back(w);
}

/* Buffers of their own that nothing can be joined to, half of them half empty. */
static void compact__as_often_as_it_saves(struct kunit *test)
{
	u64 compacted = wire_counter(XTCP_CNT_RCV_COMPACTED);
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	struct wire *w = puppet(test, 400000);
	u32 i, segments = 0;

	while (takes(w, segments % 2 ? 520 : 1160))
		segments++;
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
	WIRE_EQ(w, weight(w) <= 400000 + 4096, true);
	/* Each once. */
	compacted = wire_counter(XTCP_CNT_RCV_COMPACTED) - compacted;
	WIRE_EQ(w, compacted <= segments, true);
	for (i = 0; i < 100; i++)
		wire_inject(w, A, XTCP_ACK, .seq = next(w) - 1, .ack = 1, .len = 1);
	WIRE_EQ(w, wire_recv(w, B, 400000), next(w) - 1);
}

/* Memory does for compacting what it must: text in buffers four times as heavy, of which none holds two. */
static void compact__keeps_the_promise(struct kunit *test)
{
	static const u16 lengths[] = { 440, 120 };
	u64 refused = wire_counter(XTCP_DROP_NO_ROOM);
	struct wire *w = puppet(test, 1 << 17);
	u32 promised = window(w), i = 0;

	while (takes(w, lengths[i % ARRAY_SIZE(lengths)]))
		i++;
	WIRE_EQ(w, wire_counter(XTCP_DROP_NO_ROOM) - refused, 0);
	WIRE_EQ(w, next(w) > promised, true);
	WIRE_EQ(w, weight(w) <= (1 << 17) + 8192, true);
	WIRE_EQ(w, wire_recv(w, B, 1 << 17), next(w) - 1);
}

/* SO_TIMESTAMP is of the last that is read: here each is as many ns after 0 as its last octet. */
static void compact__keeps_timestamps(struct kunit *test)
{
	u64 compacted = wire_counter(XTCP_CNT_RCV_COMPACTED);
	struct wire *w = puppet(test, 400000);
	struct sock *sk = w->side[B].sock->sk;
	struct sk_buff *skb;
	u32 i = 0;
	s64 end;

	while (wire_counter(XTCP_CNT_RCV_COMPACTED) == compacted && takes(w, i++ % 2 ? 520 : 1160))
		skb_peek_tail(&sk->sk_receive_queue)->tstamp = next(w);
	WIRE_EQ(w, wire_counter(XTCP_CNT_RCV_COMPACTED) - compacted > 10, true);
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		end = XTCP_SKB_CB(skb)->end_seq - wire_xs(w, B)->tcb.irs;
		WIRE_EQ(w, ktime_to_ns(skb->tstamp) >= end, true);
		WIRE_EQ(w, ktime_to_ns(skb->tstamp) < end + 1160, true);
	}
}

/* Octets beyond the edge lie in the last buffer: what follows does not follow them. */
static void trimmed__is_not_joined(struct kunit *test)
{
	struct wire *w = puppet(test, 8192);
	u32 promised = window(w);

	while (window(w) > 60 && takes(w, min(window(w) - 60, 1000U)))
		;
	wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 100);
	WIRE_EQ(w, next(w), promised + 1);
	/* The last buffer stays. */
	WIRE_EQ(w, wire_recv(w, B, promised - 10), promised - 10);
	WIRE_EQ(w, window(w) > 100, true);
	wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 20);
	wire_inject(w, A, XTCP_ACK, .seq = next(w), .ack = 1, .len = 20);
	WIRE_EQ(w, wire_recv(w, B, 100), 50);
}

/* MSG_PEEK for more than fits: what there is; it makes no room for more. */
static void peek__for_more_than_fits(struct kunit *test)
{
	u8 *text = kunit_kzalloc(test, 65536, GFP_KERNEL);
	struct kvec vec = { .iov_base = text, .iov_len = 65536 };
	struct wire *w = test->priv;
	struct msghdr msg = { };
	int n;

	wire_knob(w, rmem_default, 16384);
	wire_connected(test);
	WIRE_EQ(w, wire_send(w, A, 40000) > 30000, true);
	n = kernel_recvmsg(w->side[B].sock, &msg, &vec, 1, 65536, MSG_PEEK | MSG_WAITALL);
	WIRE_EQ(w, n > 4000 && n <= 16384, true);
	WIRE_EQ(w, wire_now_us(w) < 1000000, true);
	WIRE_EQ(w, wire_recv(w, B, 65536) >= n, true);
}

/* A has sent 10,000 octets that do not arrive; of the window only 2,000 are left. */
static struct wire *taken_back(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, window_scaling, 0);
	wire_connected(test);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 10000), 10000);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_nxt - wire_xs(w, A)->tcb.snd_una > 9000, true);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_QUICKACK, 1), 0);
	wire_epoch(w);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 2000);
	return w;
}

/* RFC 9293 MUST-34: the peer does not look at what stands beyond its window. */
static void taken_back__acks_stay_inside(struct kunit *test)
{
	struct wire *w = taken_back(test);

	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED <- . 1:11 ack 1 <- *\n"
		    "0.000 ESTABLISHED -> . 2001 ack 11 -> x\n");
}

/* It has what was sent beyond, and takes no ACK at the edge: the next one it does. */
static void taken_back__peer_repeats_itself(struct kunit *test)
{
	struct wire *w = taken_back(test);

	wire_epoch(w);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 2000);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = 2000);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED <- . 1:11 ack 1      <- *\n"
		    "0.000 ESTABLISHED -> . 2001 ack 11     -> x\n"
		    "0.000 ESTABLISHED <- . 1:11 ack 1      <- *\n"
		    "0.000 ESTABLISHED -> . 10001 ack 11    -> x\n");
}

static void taken_back__rst_stays_inside(struct kunit *test)
{
	struct wire *w = taken_back(test);

	wire_epoch(w);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	WIRE_EXPECT(w, "0.000 ESTABLISHED -> R. 2001 ack 11 -> x\n");
}

/* All of the window is under way, its first segment lost: A's ACKs have the number of the edge. */
static void right_edge__ack_counts(struct kunit *test)
{
	struct wire *w = puppet(test, 16384);

	WIRE_EQ(w, wire_send(w, B, 1000), 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 500);
	wire_inject(w, A, XTCP_ACK, .seq = 1 + window(w), .ack = 1001);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_una, wire_xs(w, B)->tcb.snd_nxt);
	/* A RST there is answered, for it may be the peer's (RFC 5961 3.2). */
	wire_inject(w, A, XTCP_RST, .seq = 1 + window(w));
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, said(w)->ack_rel, 1);
}

/* A probe has an old number: the ACK that is owed goes beside it. */
static void probe__is_no_acknowledgment(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_xs(w, B)->rcv.quick_acks = 0;
	/* B may send nothing, and has something to send. */
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	wire_run_ms(w, 150);
	wire_epoch(w);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = WIRE_WND_0);
	wire_run_ms(w, 90);
	/* Not the delayed one, for which there are 100 ms. */
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 2);
	WIRE_EQ(w, said(w)->seq_rel, 1);
	WIRE_EQ(w, said(w)->ack_rel, 11);
}

/* An ACK that is new tells the window, also in front of what came last (SND.WL1). */
static void window__of_an_older_number(struct kunit *test)
{
	struct wire *w = puppet(test, 0);
	struct xtcp_tcb *tcb = &wire_xs(w, B)->tcb;

	WIRE_EQ(w, wire_send(w, B, 2000), 2000);
	wire_inject(w, A, XTCP_ACK, .seq = 501, .ack = 1, .len = 100, .wnd = 100);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1001, .len = 500, .wnd = 50);
	WIRE_EQ(w, tcb->snd_una - tcb->iss, 1001);
	WIRE_EQ(w, tcb->snd_wnd, 50 << tcb->snd_wscale);
}

/* RFC 5961 5.2: an ACK may be as old as the largest window ever; the one of now is shut. */
static void window__shut_takes_old_acks(struct kunit *test)
{
	struct wire *w = puppet(test, 0);
	u32 oldest;

	WIRE_EQ(w, wire_send(w, B, 1000), 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1001, .wnd = WIRE_WND_0);
	oldest = 1001 - wire_xs(w, B)->tcb.snd_wnd_max;
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 10, .wnd = WIRE_WND_0);
	WIRE_EQ(w, next(w), 11);
	wire_inject(w, A, XTCP_ACK, .seq = 11, .ack = oldest, .len = 10, .wnd = WIRE_WND_0);
	WIRE_EQ(w, next(w), 21);
	wire_inject(w, A, XTCP_ACK, .seq = 21, .ack = oldest - 1, .len = 10);
	WIRE_EQ(w, next(w), 21);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_wnd, 0);
}

/* While the user has the socket, small segments become one; the last may have a FIN. */
static void backlog__joins_small_segments(struct kunit *test)
{
	u64 joined = wire_counter(XTCP_CNT_BACKLOG_JOINED);
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;
	struct tcp_info before = wire_info(w, B);
	u32 seq;

	lock_sock(sk);
	for (seq = 1; seq < 400; seq += 4)
		wire_inject(w, A, XTCP_ACK | (seq % 3 ? XTCP_PSH : 0), .seq = seq, .ack = 1,
			    .len = 4, .wnd = 1000 + seq);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = seq, .ack = 1, .len = 2);
	WIRE_EQ(w, sk->sk_backlog.len < 30000, true);
	release_sock(sk);
	WIRE_EQ(w, wire_counter(XTCP_CNT_BACKLOG_JOINED) - joined > 50, true);
	/* They are no fewer to who asks. */
	WIRE_EQ(w, wire_info(w, B).tcpi_segs_in - before.tcpi_segs_in, 101);
	WIRE_EQ(w, wire_info(w, B).tcpi_data_segs_in - before.tcpi_data_segs_in, 101);
	WIRE_STATE(w, B, CLOSE_WAIT);
	WIRE_EQ(w, wire_recv(w, B, 1000), seq + 1);
	WIRE_EQ(w, wire_recv(w, B, 1000), 0);
	WIRE_EQ(w, weight(w), 0);
}

/* What is joined says what the newest of it does: of the window, and of our text. */
static void backlog__joined_is_as_new_as_its_newest(struct kunit *test)
{
	u64 joined = wire_counter(XTCP_CNT_BACKLOG_JOINED);
	struct wire *w = puppet(test, 0);
	struct xtcp_tcb *tcb = &wire_xs(w, B)->tcb;
	struct sock *sk = w->side[B].sock->sk;

	WIRE_EQ(w, wire_send(w, B, 30), 30);
	lock_sock(sk);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 4, .wnd = 500);
	wire_inject(w, A, XTCP_ACK, .seq = 5, .ack = 11, .len = 4, .wnd = 1000);
	wire_inject(w, A, XTCP_ACK, .seq = 9, .ack = 11, .len = 4, .wnd = 2000);
	release_sock(sk);
	WIRE_EQ(w, tcb->snd_una - tcb->iss, 11);
	WIRE_EQ(w, tcb->snd_wnd, 2000U << tcb->snd_wscale);
	/* Older by its ACK, though behind. */
	lock_sock(sk);
	wire_inject(w, A, XTCP_ACK, .seq = 13, .ack = 21, .len = 4, .wnd = 3000);
	wire_inject(w, A, XTCP_ACK, .seq = 17, .ack = 11, .len = 4, .wnd = 2000);
	release_sock(sk);
	WIRE_EQ(w, tcb->snd_una - tcb->iss, 21);
	WIRE_EQ(w, tcb->snd_wnd, 3000U << tcb->snd_wscale);
	WIRE_EQ(w, wire_counter(XTCP_CNT_BACKLOG_JOINED) - joined, 3);
	WIRE_EQ(w, next(w), 21);
}

/* RFC 9293 MUST-59: all that came is told in one ACK when the user lets go. */
static void backlog__one_ack_for_all(struct kunit *test)
{
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;
	u32 seq, acks = wire_count(w, B, WIRE_ACK);

	lock_sock(sk);
	for (seq = 1; seq < 5000; seq += 1000)
		wire_inject(w, A, XTCP_ACK, .seq = seq, .ack = 1, .len = 1000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 0);
	release_sock(sk);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
	WIRE_EQ(w, said(w)->ack_rel, 5001);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 1);
}

/* In none where text of ours has told it: what came let that go. */
static void backlog__text_of_ours_is_the_ack(struct kunit *test)
{
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;
	u32 acks;

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	acks = wire_count(w, B, WIRE_ACK);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 0);
	lock_sock(sk);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 1000, .wnd = WIRE_WND_0);
	wire_inject(w, A, XTCP_ACK, .seq = 1001, .ack = 1);
	release_sock(sk);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK) - acks, 0);
	WIRE_EQ(w, said(w)->ack_rel, 1001);
}

/* A FIN is behind its text, also where a filter cut that short while the user had the socket. */
static void backlog__fin_behind_what_was_cut(struct kunit *test)
{
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;

	wire_filter(w, sk, sizeof(struct tcphdr) + XTCP_OLEN_TS_ALIGNED + 10);
	lock_sock(sk);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = 5, .ack = 1, .len = 100);
	release_sock(sk);
	WIRE_EQ(w, next(w), 15);
	WIRE_STATE(w, B, ESTABLISHED);
}

/* What is urgent, what has other options or no text, what does not follow or follows a FIN, stands alone. */
static void backlog__joins_nothing_else(struct kunit *test)
{
	u64 joined = wire_counter(XTCP_CNT_BACKLOG_JOINED);
	struct wire *w = puppet(test, 0);
	struct sock *sk = w->side[B].sock->sk;

	lock_sock(sk);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 5, .ack = 1);
	wire_inject(w, A, XTCP_ACK, .seq = 5, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK | XTCP_URG, .seq = 9, .ack = 1, .len = 4, .up = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 13, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 18, .ack = 1, .len = 4);
	wire_inject(w, A, XTCP_ACK, .seq = 22, .ack = 1, .len = 4, .ts_age = -1);
	wire_inject(w, A, XTCP_ACK, .seq = 17, .ack = 1, .len = 1, .ts_age = -1);
	wire_inject(w, A, XTCP_ACK | XTCP_FIN, .seq = 26, .ack = 1, .len = 1, .ts_age = -1);
	wire_inject(w, A, XTCP_ACK, .seq = 27, .ack = 1, .len = 1, .ts_age = -1);
	release_sock(sk);
	WIRE_EQ(w, wire_counter(XTCP_CNT_BACKLOG_JOINED) - joined, 0);
	WIRE_EQ(w, next(w), 28);
}

WIRE_SUITES(xtcp_promise_wire,
	KUNIT_CASE_SLOW(window__is_kept_in_a_smaller_buffer),
	KUNIT_CASE_SLOW(window__does_not_creep),
	KUNIT_CASE_SLOW(window__opens_by_the_least),
	KUNIT_CASE_SLOW(window__moves_by_half),
	KUNIT_CASE_SLOW(window__less_what_is_in_the_backlog),
	KUNIT_CASE_SLOW(window__by_what_text_weighs),
	KUNIT_CASE_SLOW(no_memory__window_0_is_said),
	KUNIT_CASE_SLOW(no_memory__who_waits_is_woken),
	KUNIT_CASE_SLOW(no_memory__empty_queue_goes_on),
	KUNIT_CASE_SLOW(no_memory__reader_comes_back),
	KUNIT_CASE_SLOW(compact__as_often_as_it_saves),
	KUNIT_CASE_SLOW(compact__keeps_the_promise),
	KUNIT_CASE_SLOW(compact__keeps_timestamps),
	KUNIT_CASE_SLOW(trimmed__is_not_joined),
	KUNIT_CASE_SLOW(peek__for_more_than_fits),
	KUNIT_CASE_SLOW(taken_back__acks_stay_inside),
	KUNIT_CASE_SLOW(taken_back__peer_repeats_itself),
	KUNIT_CASE_SLOW(taken_back__rst_stays_inside),
	KUNIT_CASE_SLOW(right_edge__ack_counts),
	KUNIT_CASE_SLOW(probe__is_no_acknowledgment),
	KUNIT_CASE_SLOW(window__of_an_older_number),
	KUNIT_CASE_SLOW(window__shut_takes_old_acks),
	KUNIT_CASE_SLOW(backlog__joins_small_segments),
	KUNIT_CASE_SLOW(backlog__joined_is_as_new_as_its_newest),
	KUNIT_CASE_SLOW(backlog__one_ack_for_all),
	KUNIT_CASE_SLOW(backlog__text_of_ours_is_the_ack),
	KUNIT_CASE_SLOW(backlog__fin_behind_what_was_cut),
	KUNIT_CASE_SLOW(backlog__joins_nothing_else),
	{ }
);

/* --- all of the rounds ------------------------------------------------------ */

static struct kunit_case promise_rounds_cases[] = {
	KUNIT_CASE_SLOW(random_readers_and_writers),
	{ }
};

static struct kunit_suite promise_rounds_suite = {
	.name = "xtcp_promise_rounds",
	.suite_init = promise_init,
	.test_cases = promise_rounds_cases,
};

kunit_test_suite(promise_rounds_suite);
