// SPDX-License-Identifier: GPL-2.0
/*
 * Random segments, packets and calls against real sockets in every state: nothing
 * may crash, no law may be broken, and nothing may be left behind. What a verdict
 * must be, arrives_test.c and grid_test.c say; here the debug kernel (KASAN,
 * lockdep, ...) is the judge of all that carries it out.
 *
 * A round is one state, and some hundred segments. Its seed says everything about
 * it: family, state, knobs, segments. Rounds have seeds one after the other, so a
 * failure's is all that is needed to see it again: make fuzz N=1 SEED=...
 */

#define pr_fmt(fmt) "xtcp_fuzz_wire: " fmt

#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/moduleparam.h>
#include <linux/tcp.h>
#include <xtcp/isn.h>
#include <xtcp/output.h>
#include <xtcp/skb.h>
#include "wire.h"

enum { SEGMENTS = 250, FAMILIES = 3 };

/* KUnit ends a case after five minutes; so this runs in suite_init(), as long_wire_test.c. */
static unsigned int fuzz_segments = IS_ENABLED(CONFIG_KASAN) ? 20000 : 1000000;
module_param(fuzz_segments, uint, 0444);
MODULE_PARM_DESC(fuzz_segments, "random segments of the KUnit suite xtcp_fuzz_wire");

static unsigned int fuzz_seed = 253;
module_param(fuzz_seed, uint, 0444);
MODULE_PARM_DESC(fuzz_seed, "seed of its first round");

/* Until the end of the state's preparation the wire is a good one. */
static void to_listen(struct wire *w)
{
	WIRE_EQ(w, wire_listen(w, B, 4), 0);
}

static void to_syn_sent(struct wire *w)
{
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
}

static void to_request(struct wire *w)
{
	to_listen(w);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
}

static void to_crossed_syns(struct wire *w)
{
	wire_drop(w, A, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 15);
}

static void to_established(struct wire *w)
{
	wire_establish(w);
	wire_send(w, A, 5000);
	wire_send(w, B, 5000);
}

static void to_fin_wait_1(struct wire *w)
{
	wire_establish(w);
	wire_drop(w, A, WIRE_FIN, 1, WIRE_FOREVER);
	wire_send(w, A, 500);
	wire_shutdown(w, A, SHUT_WR);
}

static void to_fin_wait_2(struct wire *w)
{
	wire_establish(w);
	wire_shutdown(w, A, SHUT_WR);
	wire_run_ms(w, 50);
}

static void to_fin_wait_2_orphan(struct wire *w)
{
	wire_establish(w);
	wire_release(w, A);
	wire_run_ms(w, 50);
}

static void to_closing(struct wire *w)
{
	wire_establish(w);
	wire_drop(w, A, WIRE_ACK, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ACK, 1, WIRE_FOREVER);
	wire_shutdown(w, A, SHUT_WR);
	wire_shutdown(w, B, SHUT_WR);
	wire_run_ms(w, 15);
}

static void to_last_ack(struct wire *w)
{
	to_fin_wait_2(w);
	wire_drop(w, B, WIRE_FIN, 1, WIRE_FOREVER);
	wire_release(w, B);
}

static void to_time_wait(struct wire *w)
{
	to_fin_wait_2(w);
	wire_release(w, B);
	wire_run_ms(w, 30);
}

static void to_syn_sent_with_text(struct wire *w)
{
	wire_knob(w, fastopen, 0x605);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send_fast(w, A, 500), 500);
}

static void to_early(struct wire *w)
{
	wire_knob(w, syncookies, 0);
	wire_knob(w, fastopen, 0x607);
	to_listen(w);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send_fast(w, A, 500), 500);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_accept(w, B), 0);
}

static const struct state {
	const char *name;
	void (*prepare)(struct wire *w);
} states[] = {
	{ "closed", NULL },
	{ "listen", to_listen },
	{ "syn_sent", to_syn_sent },
	{ "syn_rcvd, a request", to_request },
	{ "syn_rcvd, crossed SYNs", to_crossed_syns },
	{ "syn_sent, its SYN with text", to_syn_sent_with_text },
	{ "syn_rcvd, opened by a SYN with text", to_early },
	{ "established", to_established },
	{ "fin_wait_1 and established", to_fin_wait_1 },
	{ "fin_wait_2 and close_wait", to_fin_wait_2 },
	{ "fin_wait_2, an orphan", to_fin_wait_2_orphan },
	{ "closing", to_closing },
	{ "last_ack", to_last_ack },
	{ "time_wait", to_time_wait },
};

static u32 random_u32(struct wire *w, u32 below)
{
	return prandom_u32_state(&w->random) % below;
}

/* Near an edge, somewhere in the window, or anywhere. */
static u32 random_seq(struct wire *w)
{
	switch (random_u32(w, 4)) {
	case 0:
		return random_u32(w, 4) - 1;
	case 1:
		return random_u32(w, 12000) - 1000;
	case 2:
		return random_u32(w, 200000) - 70000;
	default:
		return prandom_u32_state(&w->random);
	}
}

/* The receiver's very next number: so that some of them are taken. */
static u32 exact_seq(struct wire *w, enum wire_end to)
{
	const struct xtcp_tcb *tcb;

	if (!w->side[to].sock)
		return 2;
	tcb = &wire_xs(w, to)->tcb;
	return tcb->rcv_nxt - w->conn[0].isn[!to];
}

static u32 exact_ack(struct wire *w, enum wire_end to)
{
	if (!w->side[to].sock)
		return 2;
	return wire_xs(w, to)->tcb.snd_nxt - w->conn[0].isn[to];
}

/* One option, well made or not: any kind, any length, of ours more often. */
static unsigned int random_option(struct wire *w, u8 *p, unsigned int room)
{
	static const u8 ours[] = {
		XTCP_OPT_EOL, XTCP_OPT_NOP, XTCP_OPT_MSS, XTCP_OPT_WSCALE,
		XTCP_OPT_SACK_PERM, 5, XTCP_OPT_TS, 19, 29, 30, 34, 254,
	};
	static const u8 lengths[] = { 1, 1, 4, 3, 2, 10, 10, 18, 16, 12, 10, 12 };
	unsigned int i = random_u32(w, ARRAY_SIZE(ours)), len = lengths[i];

	p[0] = random_u32(w, 6) ? ours[i] : random_u32(w, 256);
	if (p[0] <= XTCP_OPT_NOP)
		return 1;
	if (random_u32(w, 4) == 0)
		len = random_u32(w, 44);
	if (room < 2)
		return 1;
	p[1] = len;
	for (i = 2; i < min(len, room); i++)
		p[i] = prandom_u32_state(&w->random);
	return clamp(len, 1U, room);
}

/*
 * A whole timestamp would be compared with the clock, and no round be like the
 * other: those come by way of ts_age, or broken.
 */
static void break_timestamps(u8 *p, unsigned int len)
{
	unsigned int i;

	for (i = 0; i + 1 < len; i++) {
		if (p[i] == XTCP_OPT_TS && p[i + 1] == XTCP_OLEN_TS)
			p[i + 1]++;
	}
}

static void random_options(struct wire *w, struct wire_inject *in)
{
	unsigned int i = 0;

	in->opt_len = 4 * random_u32(w, 11);
	while (i < in->opt_len)
		i += random_option(w, in->opt + i, in->opt_len - i);
	break_timestamps(in->opt, in->opt_len);
}

static void random_segment(struct wire *w, struct wire_inject *in)
{
	memset(in, 0, sizeof(*in));
	in->from = random_u32(w, 2);
	in->ctl = random_u32(w, 3) ? XTCP_ACK : 0;
	if (random_u32(w, 2))
		in->ctl |= BIT(random_u32(w, 8));
	if (random_u32(w, 8) == 0)
		in->ctl = prandom_u32_state(&w->random);
	/* One that is taken ends it all: let something happen before. */
	if (random_u32(w, 8))
		in->ctl &= ~XTCP_RST;
	in->seq = random_u32(w, 2) ? exact_seq(w, !in->from) : random_seq(w);
	in->ack = random_u32(w, 2) ? exact_ack(w, !in->from) : random_seq(w);
	in->len = random_u32(w, 3) ? 0 : random_u32(w, 1400);
	in->wnd = random_u32(w, 5) ? 0 : random_u32(w, 70000);
	in->ts_age = random_u32(w, 6) ? 0 : (s32)random_u32(w, 2000) - 1000;
	in->no_ts = random_u32(w, 10) == 0;
	if (random_u32(w, 8) == 0)
		random_options(w, in);
	if (random_u32(w, 16) == 0)
		in->doff = 1 + random_u32(w, 15);
	in->bad_checksum = random_u32(w, 20) == 0;
	in->up = random_u32(w, 4) ? 0 : random_u32(w, 2000);
	in->junk = random_u32(w, 2);
	if (random_u32(w, 24) == 0)
		in->cut = 1 + random_u32(w, 24);
	if (random_u32(w, 24) == 0)
		in->frag_off = random_u32(w, 2) ? IP_MF | random_u32(w, 4) : random_u32(w, 8);
}

/* A program that reads what comes, whatever it is. */
static void drain(struct wire *w, enum wire_end end)
{
	u8 text[512];
	struct kvec vec = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = { };

	if (w->side[end].sock)
		while (kernel_recvmsg(w->side[end].sock, &msg, &vec, 1, sizeof(text),
				      MSG_DONTWAIT) > 0)
			;
}

/* What must hold of every socket at every moment: the law broken, or NULL. */
static u32 unsent(const struct sock *sk)
{
	const struct sk_buff *skb;
	u32 sum = 0;

	skb_queue_walk(&sk->sk_write_queue, skb)
		sum += skb->truesize;
	return sum;
}

static u32 sent(const struct sock *sk)
{
	struct sk_buff *skb;
	u32 sum = 0;

	for (skb = xtcp_queue_oldest(sk); skb; skb = xtcp_queue_next(skb))
		sum += skb->truesize;
	return sum;
}

/* As the counter has it, and in order, without a gap. */
static bool sent_in_order(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb, *next;
	u32 segments = 0;

	for (skb = xtcp_queue_oldest(sk); skb; skb = next) {
		next = xtcp_queue_next(skb);
		if (XTCP_SKB_CB(skb)->end_seq != (next ? XTCP_SKB_CB(next)->seq : xs->tcb.snd_nxt))
			return false;
		segments += xtcp_queue_segments(skb);
	}
	return segments == xs->snd.segments_out;
}

/* Text ahead of rcv_nxt, by seq; it may overlap. */
static bool ooo_in_order(const struct xtcp_sock *xs)
{
	u32 at = xs->tcb.rcv_nxt + 1;
	struct rb_node *p;

	for (p = rb_first(&xs->rcv.ooo); p; p = rb_next(p)) {
		if (xtcp_seq_lt(XTCP_SKB_CB(rb_to_skb(p))->seq, at))
			return false;
		at = XTCP_SKB_CB(rb_to_skb(p))->seq;
	}
	return true;
}

static const char *law_broken(struct wire *w, enum wire_end end)
{
	const struct xtcp_sock *xs;
	const struct sock *sk;

	if (!w->side[end].sock)
		return NULL;
	xs = wire_xs(w, end);
	sk = w->side[end].sock->sk;
	if (xs->tcb.state != sk->sk_state)
		return "two states";
	if (sk->sk_state == TCP_TIME_WAIT || sk->sk_state == TCP_NEW_SYN_RECV)
		return "a state no socket has";
	if (xtcp_seq_gt(xs->tcb.snd_una, xs->tcb.snd_nxt))
		return "acknowledged what was not sent";
	if (atomic_read(&sk->sk_rmem_alloc) < 0 || sk->sk_wmem_queued < 0)
		return "memory below zero";
	if (sk->sk_forward_alloc < 0)
		return "memory used that was not reserved";
	if (sk->sk_wmem_queued != unsent(sk) + sent(sk))
		return "the queues hold other than what they are charged for";
	if (!sent_in_order(sk))
		return "what was sent is not what is counted, or not in order";
	if (!ooo_in_order(xs))
		return "out of order within what is out of order";
	if (xtcp_queue_oldest(sk) && !xs->due_ns[XTCP_TIMER_RETRANSMIT])
		return "text under way, and no timer";
	return NULL;
}

static void check_laws(struct wire *w)
{
	enum wire_end end;
	const char *law;

	for (end = A; end <= B; end++) {
		law = law_broken(w, end);
		if (law)
			wire_fail(w, WIRE_HERE, law);
	}
}

/* Calls that a program could make at any time. */
static void random_call(struct wire *w, enum wire_end end)
{
	static const int options[] = { TCP_NODELAY, TCP_CORK, TCP_QUICKACK };

	if (!w->side[end].sock)
		return;
	switch (random_u32(w, 24)) {
	case 0:
		wire_shutdown(w, end, random_u32(w, 3));
		break;
	case 1:
		wire_release(w, end);
		break;
	case 2:
	case 3:
		wire_option(w, end, SOL_TCP, options[random_u32(w, ARRAY_SIZE(options))],
			    random_u32(w, 2));
		break;
	case 4:
		wire_option(w, end, SOL_SOCKET, SO_RCVBUF, 2048 << random_u32(w, 8));
		break;
	case 5:
		wire_error(w, end);
		break;
	case 6 ... 9:
		wire_send_flags(w, end, 1 + random_u32(w, 4000),
				random_u32(w, 4) ? 0 : MSG_OOB);
		break;
	default:
		drain(w, end);
	}
}

/* A router's word about a segment that may have been sent. */
static void random_icmp(struct wire *w)
{
	enum wire_end to = random_u32(w, 2);
	u32 seq = random_u32(w, 2) ? exact_ack(w, to) - 1 : random_seq(w);

	if (random_u32(w, 4))
		wire_icmp(w, to, random_u32(w, WIRE_TOO_BIG), seq);
	else
		wire_icmp_too_big(w, to, seq, 200 + random_u32(w, 1000));
}

static void random_events(struct wire *w)
{
	struct wire_inject in;

	random_segment(w, &in);
	wire_inject_segment(w, &in);
	if (random_u32(w, 12) == 0)
		wire_run_ms(w, random_u32(w, 30));
	if (random_u32(w, 8) == 0)
		random_call(w, random_u32(w, 2));
	if (random_u32(w, 60) == 0)
		random_icmp(w);
}

/* So that what is left ends soon, and the next round can begin. */
static void set_fast_knobs(struct wire *w)
{
	wire_knob(w, msl_ms, 500);
	wire_knob(w, fin_timeout_ms, 1000);
	wire_knob(w, orphan_retries, 2);
	wire_knob(w, synack_retries, 2);
	wire_knob(w, rto_max_ms, 1000);
}

/* Every other time that all states have had their turn: to the last number the same whenever they are run. */
static bool constant_isn(u32 seed)
{
	return seed / (FAMILIES * ARRAY_SIZE(states)) % 2 == 0;
}

static void set_random_knobs(struct wire *w, u32 seed)
{
	wire_forget_servers(w);
	set_fast_knobs(w);
	wire_knob(w, isn_mode, constant_isn(seed) ? XTCP_ISN_CONSTANT : XTCP_ISN_RFC6528);
	/* A cookie is never a constant ISN. */
	wire_knob(w, syncookies, constant_isn(seed) ? 0 : random_u32(w, 3));
	/* Half of the listeners take text in SYNs, with a cookie or whatever they come. */
	wire_knob(w, fastopen, random_u32(w, 2) ? 0x602 : 0x402);
	wire_knob(w, timestamps, random_u32(w, 4) > 0);
	wire_knob(w, window_scaling, random_u32(w, 4) > 0);
	wire_knob(w, rfc1337, random_u32(w, 2));
	wire_knob(w, abort_on_overflow, random_u32(w, 2));
}

/*
 * All that the wire saw, but for what the clock and the secrets say: timestamps,
 * and the numbers of RSTs, which answer absolute ones.
 */
static u32 trace_of(const struct wire *w)
{
	const struct wire_segment *seg;
	u32 hash = 0;

	list_for_each_entry(seg, &w->segments, link) {
		if (!seg->injected && !(seg->ctl & XTCP_RST))
			hash = jhash_2words(seg->seq_rel,
					    seg->ctl & XTCP_ACK ? seg->ack_rel : 0, hash);
		hash = jhash_3words(seg->from | seg->injected << 1 | seg->arrived << 2 |
				    seg->wnd << 8, seg->len << 8 | seg->ctl,
				    seg->sender_state << 8 | seg->receiver_state, hash);
	}
	return hash;
}

static const struct state *state_of(u32 seed)
{
	return &states[seed % ARRAY_SIZE(states)];
}

static enum wire_family family_of(u32 seed)
{
	return ipv6_mod_enabled() ? seed / ARRAY_SIZE(states) % FAMILIES : WIRE_IPV4;
}

/*
 * At a whole second, so that limits, which count in ticks of the clock, begin as they
 * did before; and nothing arrives just when the test does something: the order of the
 * two would be chance.
 */
static void start_clock(struct wire *w)
{
	w->delay_ns = 9731 * NSEC_PER_USEC;
	w->epoch_ns = (div_u64(ktime_get_ns(), NSEC_PER_SEC) + 1) * NSEC_PER_SEC;
	wire_run_to_ms(w, 0);
}

/* True: all went well. @trace may be NULL. */
static bool one_round(u32 seed, u32 *trace)
{
	const struct state *state = state_of(seed);
	struct wire *w = wire_open(NULL, family_of(seed));
	unsigned int i;

	if (!w)
		return false;
	prandom_seed_state(&w->random, seed * 0x9e3779b97f4a7c15ULL + 1);
	set_random_knobs(w, seed);
	start_clock(w);
	if (state->prepare)
		state->prepare(w);
	for (i = 0; i < SEGMENTS && !w->failures; i++) {
		random_events(w);
		check_laws(w);
	}
	if (w->failures)
		pr_err("seed %u (%s), segment %u: make fuzz N=1 SEED=%u\n", seed,
		       state->name, i, seed);
	if (trace)
		*trace = trace_of(w);
	return !wire_close(w);
}

static struct {
	unsigned int rounds, failed, first_seed;
} result;

static int fuzz_init(struct kunit_suite *suite)
{
	u32 seed = fuzz_seed;

	memset(&result, 0, sizeof(result));
	for (; result.rounds * SEGMENTS < fuzz_segments; result.rounds++, seed++) {
		if (one_round(seed, NULL))
			continue;
		if (!result.failed++)
			result.first_seed = seed;
	}
	pr_info("%u random segments in %u rounds, seeds %u to %u\n",
		result.rounds * SEGMENTS, result.rounds, fuzz_seed, seed - 1);
	return 0;
}

static void random_segments(struct kunit *test)
{
	KUNIT_EXPECT_GT(test, result.rounds, 0);
	KUNIT_EXPECT_EQ_MSG(test, result.failed, 0, "the first: make fuzz N=1 SEED=%u",
			    result.first_seed);
}

/* A seed that did not would be of no use. */
static void a_seed_repeats(struct kunit *test)
{
	u32 first, again, i;

	for (i = 0; i < FAMILIES * ARRAY_SIZE(states); i++) {
		KUNIT_EXPECT_TRUE(test, one_round(i, &first));
		KUNIT_EXPECT_TRUE(test, one_round(i, &again));
		KUNIT_EXPECT_EQ_MSG(test, first, again, "seed %u (%s)", i, state_of(i)->name);
	}
}

static struct kunit_case fuzz_cases[] = {
	KUNIT_CASE_SLOW(random_segments),
	KUNIT_CASE_SLOW(a_seed_repeats),
	{ }
};

static struct kunit_suite fuzz_suite = {
	.name = "xtcp_fuzz_wire",
	.suite_init = fuzz_init,
	.test_cases = fuzz_cases,
};

kunit_test_suite(fuzz_suite);
