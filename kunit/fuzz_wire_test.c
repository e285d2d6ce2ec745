// SPDX-License-Identifier: GPL-2.0
/*
 * Random segments against real sockets in every state: nothing may crash, and
 * nothing may be left behind. What a verdict must be, arrives_test.c says; here
 * the debug kernel (KASAN, lockdep, ...) is the judge of all that carries it out.
 */

#include <linux/tcp.h>
#include "wire.h"

enum { ROUNDS = 12, SEGMENTS = 60 };

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

static const struct state {
	const char *name;
	void (*prepare)(struct wire *w);
} states[] = {
	{ "closed", NULL },
	{ "listen", to_listen },
	{ "syn_sent", to_syn_sent },
	{ "syn_rcvd, a request", to_request },
	{ "syn_rcvd, crossed SYNs", to_crossed_syns },
	{ "established", to_established },
	{ "fin_wait_1 and established", to_fin_wait_1 },
	{ "fin_wait_2 and close_wait", to_fin_wait_2 },
	{ "fin_wait_2, an orphan", to_fin_wait_2_orphan },
	{ "closing", to_closing },
	{ "last_ack", to_last_ack },
	{ "time_wait", to_time_wait },
};

static void state_desc(const struct state *state, char *desc)
{
	strscpy(desc, state->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, states, state_desc);

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

static void random_options(struct wire *w, struct wire_inject *in)
{
	unsigned int i;

	in->opt_len = 4 * random_u32(w, 11);
	for (i = 0; i < in->opt_len; i++)
		in->opt[i] = random_u32(w, 2) ? random_u32(w, 12) :
						prandom_u32_state(&w->random);
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

static void one_round(struct wire *w, const struct state *state)
{
	struct wire_inject in;
	unsigned int i;

	if (state->prepare)
		state->prepare(w);
	for (i = 0; i < SEGMENTS; i++) {
		random_segment(w, &in);
		wire_inject_segment(w, &in);
		if (random_u32(w, 4) == 0)
			wire_run_ms(w, random_u32(w, 30));
		if (random_u32(w, 8) == 0)
			drain(w, random_u32(w, 2));
		check_laws(w);
	}
	wire_reset(w);
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

static void random_segments(struct kunit *test)
{
	const struct state *state = test->param_value;
	struct wire *w = test->priv;
	unsigned int round;

	set_fast_knobs(w);
	prandom_seed_state(&w->random, 253 + (state - states));
	for (round = 0; round < ROUNDS; round++)
		one_round(w, state);
}

WIRE_SUITES(xtcp_fuzz_wire,
	KUNIT_CASE_PARAM(random_segments, state_gen_params),
	{ }
);
