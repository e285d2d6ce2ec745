// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open (RFC 7413), as ladders: mission A11, module/open/fastopen_server.c. A is the
 * client. In these pictures "cookie?" asks for a cookie, "cookie 8" brings one of
 * eight octets along.
 */

#include <linux/tcp.h>
#include <xtcp/fastopen.h>
#include <xtcp/request.h>
#include <xtcp/socket.h>
#include "../wire.h"

/* B listens, and takes up to @max connections by Fast Open. */
static struct wire *server(struct kunit *test, int max)
{
	struct wire *w = test->priv;

	wire_knob(w, fastopen, XTCP_FASTOPEN_CLIENT | XTCP_FASTOPEN_SERVER);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_FASTOPEN, max), 0);
	return w;
}

/* Both ends forget the connection, by RST. */
static void end_connection(struct wire *w)
{
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 50);
}

/* A has been at B before, and has a cookie. */
static struct wire *acquainted(struct kunit *test, int max)
{
	struct wire *w = server(test, max);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_epoch(w);
	return w;
}

/* The cookie that B would give #0. */
static void cookie_of_b(struct wire *w, u8 *octets)
{
	struct xtcp_fastopen_server server;
	struct xtcp_flow *flow;

	wire_socket(w, A);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 0), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	flow = &wire_xs(w, A)->flow;
	xtcp_fastopen_recall(w->xn, flow, &server);
	WIRE_EQ(w, server.cookie.len, 8);
	memcpy(octets, server.cookie.octets, 8);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_epoch(w);
}

/* A SYN of no socket's with @len octets of text and a cookie. */
#define inject_syn(w, conn_, cookie_, len_) do {			\
	struct wire_inject in_ = {					\
		.from = A, .ctl = XTCP_SYN, .conn = (conn_), .len = (len_), \
		.opt_len = 12, .opt = { 34, 10 },			\
	};								\
									\
	memcpy(in_.opt + 2, cookie_, 8);				\
	in_.opt[10] = XTCP_OPT_NOP;					\
	in_.opt[11] = XTCP_OPT_NOP;					\
	wire_inject_segment(w, &in_);					\
} while (0)

static struct xtcp_listener *listener_of_b(const struct wire *w)
{
	return rcu_access_pointer(xtcp_sk(w->side[B].listener->sk)->own->listener);
}

static unsigned int early(struct wire *w)
{
	return listener_of_b(w)->early_len;
}

static int client_fail(struct wire *w)
{
	return wire_xs(w, A)->own->fastopen.client_fail;
}

static void nobody_at_a(struct wire *w)
{
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
}

/* --- the three pictures of the RFC ------------------------------------------------ */

/* Figure 1, first half: a cookie for the next time; the text follows the handshake. */
static void fastopen_first(struct kunit *test)
{
	struct wire *w = server(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
	wire_run_ms(w, 25);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 25);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0 cookie?         -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 cookie 8 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 1 ack 1           -> ESTABLISHED\n"
		    "0.025 ESTABLISHED -> P. 1:101 ack 1      -> ESTABLISHED\n"
		    "0.036 ESTABLISHED <- . 1 ack 101         <- ESTABLISHED\n");
	WIRE_EQ(w, client_fail(w), TFO_COOKIE_UNAVAILABLE);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* Second half: text in the SYN, and the answer before the third segment. */
static void fastopen_again(struct kunit *test)
{
	u64 passive = wire_counter(XTCP_CNT_FASTOPEN_PASSIVE);
	u64 active = wire_counter(XTCP_CNT_FASTOPEN_ACTIVE);
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, early(w), 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_send(w, B, 50), 50);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101     <- SYN_RCVD\n"
		    "0.012 ESTABLISHED <- P. 1:51 ack 101  <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1      -> ESTABLISHED\n"
		    "0.022 ESTABLISHED -> . 101 ack 51     -> ESTABLISHED\n");
	WIRE_EQ(w, early(w), 0);
	WIRE_EQ(w, wire_recv(w, A, 1000), 50);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_PASSIVE) - passive, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_ACTIVE) - active, 1);
	WIRE_EQ(w, wire_xs(w, A)->own->fastopen.text_acked && wire_xs(w, B)->own->fastopen.text_acked, 1);
	WIRE_EQ(w, wire_xs(w, A)->stats.delivered, 1);	/* as the kernel's TCP: SYN and text */
	WIRE_EQ(w, wire_xs(w, B)->stats.delivered, 2);
	wire_transfer(w, A, 100000, 20000);
	wire_transfer(w, B, 100000, 20000);
}

/* Without memory for what such a child keeps, the handshake is an ordinary one. */
static void fastopen_no_memory(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	xtcp_own_no_memory = true;
	wire_run_ms(w, 12);
	xtcp_own_no_memory = false;
	WIRE_EQ(w, early(w), 0);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, client_fail(w), TFO_DATA_NOT_ACKED);
}

static void fastopen_no_memory_to_ask(struct kunit *test)
{
	struct wire *w = server(test, 4);

	xtcp_own_no_memory = true;
	WIRE_EQ(w, wire_send_fast(w, A, 100), -ENOBUFS);
	xtcp_own_no_memory = false;
	WIRE_STATE(w, A, CLOSED);
}

/* A server that knows nothing of it: the same connection, text and all. */
static void fastopen_fallback(struct kunit *test)
{
	u64 fails = wire_counter(XTCP_CNT_FASTOPEN_ACTIVE_FAILS);
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_FASTOPEN, 0), 0);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 150);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1       <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "0.031 ESTABLISHED <- . 1 ack 101      <- ESTABLISHED\n");
	WIRE_EQ(w, client_fail(w), TFO_DATA_NOT_ACKED);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_ACTIVE_FAILS) - fails, 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, A, 10000, 2000);
}

/* More than a segment: what does not fit follows the handshake. */
static void fastopen_large(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	int n = wire_send_fast(w, A, 20000);

	WIRE_EQ(w, n, WIRE_MSS - 40);
	wire_run_ms(w, 25);
	WIRE_EQ(w, wire_send(w, A, 20000 - n), 20000 - n);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 20000), 20000);
}

/* TCP_MAXSEG bounds it as any segment, less what options may take. */
static void fastopen_large__maxseg(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_MAXSEG, 600), 0);
	WIRE_EQ(w, wire_send_fast(w, A, 2000), 560);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:560 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 561     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 561 ack 1      -> ESTABLISHED\n");
}

/* The answer fills the initial window before the handshake is complete. */
static void answer__initial_window(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 10), 10);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 20000), 20000);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 10);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, A, 20000), 20000);
}

/* Asked in vain, a client tries the option's old number, and that once (RFC 6994). */
static void server_without__old_number_once(struct kunit *test)
{
	struct wire *w = server(test, 0);
	struct wire_segment *seg;
	static const u8 wanted[] = { 34, 254, 34, 34 };
	int i = 0;

	for (i = 0; i < 4; i++) {
		WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
		wire_run_ms(w, 50);
		WIRE_EQ(w, wire_accept(w, B), 0);
		end_connection(w);
	}
	i = 0;
	list_for_each_entry(seg, &w->segments, link)
		if (seg->ctl == XTCP_SYN)
			WIRE_EQ(w, seg->fastopen_kind, wanted[i++]);
	WIRE_EQ(w, i, 4);
}

/* --- what is lost --------------------------------------------------------------------- */

/* The SYN with text: the next one is as of old, and the server is shy of for a while. */
static void syn_lost(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_drop(w, A, WIRE_SYN, 1, 1);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 1150);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> x\n"
		    "1.000 SYN_SENT    -> S 0              -> SYN_RCVD\n"
		    "1.010 ESTABLISHED <- S. 0 ack 1       <- SYN_RCVD\n"
		    "1.020 ESTABLISHED -> P. 1:101 ack 1   -> ESTABLISHED\n"
		    "1.031 ESTABLISHED <- . 1 ack 101      <- ESTABLISHED\n");
	WIRE_EQ(w, client_fail(w), TFO_SYN_RETRANSMITTED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

static void syn_lost__shy_for_a_while(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_drop(w, A, WIRE_SYN, 1, 1);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 1150);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_run_ms(w, 58000);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_run_ms(w, 2000);
	wire_epoch(w);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1      -> ESTABLISHED\n");
}

/* A connection to B; is there text in its SYN? That may be lost. */
static bool tries(struct wire *w, bool lost)
{
	int n;

	if (lost)
		wire_drop(w, A, WIRE_SYN, 1, 1);
	n = wire_send_fast(w, A, 100);
	wire_run_ms(w, 1150);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_pass_all(w);
	return n == 100;
}

/* Losses in a row: shy for twice as long each time. One that gets through makes up for them all. */
static void syn_lost__again(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_knob(w, fastopen_loss_ms, 10000);
	WIRE_EQ(w, tries(w, true), true);
	wire_run_ms(w, 8000);
	WIRE_EQ(w, tries(w, false), false);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, tries(w, true), true);
	wire_run_ms(w, 18000);
	WIRE_EQ(w, tries(w, false), false);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, tries(w, false), true);
	WIRE_EQ(w, tries(w, false), true);
	WIRE_EQ(w, tries(w, true), true);
	wire_run_ms(w, 8000);
	WIRE_EQ(w, tries(w, false), false);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, tries(w, false), true);
}

/* The path has no room for it, a router says: at once a SYN without, and nothing against the next one. */
static void syn_too_large(struct kunit *test)
{
	struct wire *w;

	wire_path(test->priv, 1300);
	w = acquainted(test, 4);
	wire_drop(w, A, WIRE_SYN, 1, 1);
	WIRE_EQ(w, wire_send_fast(w, A, 1000), 1000);
	wire_run_ms(w, 5);
	wire_icmp_too_big(w, A, 0, 1228);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:1000 cookie 8 -> x\n"
		    "0.005 SYN_SENT    -> S 0               -> SYN_RCVD\n"
		    "0.015 ESTABLISHED <- S. 0 ack 1        <- SYN_RCVD\n"
		    "0.025 ESTABLISHED -> P. 1:1001 ack 1   -> ESTABLISHED\n"
		    "0.036 ESTABLISHED <- . 1 ack 1001      <- ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1000);
	end_connection(w);
	WIRE_EQ(w, wire_send_fast(w, A, 1000), 1000);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_xs(w, A)->own->fastopen.text_acked, true);
}

/* The SYN-ACK is: both ends repeat; the text is delivered once. */
static void syn_ack_lost(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 1200);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_transfer(w, A, 10000, 2000);
}

/* Lost twice: what its server sends meanwhile and afterwards goes slowly (RFC 6928 2). */
static void syn_ack_lost__initial_window(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_drop(w, B, WIRE_SYN_ACK, 1, 2);
	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 3050);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_send(w, B, 20000), 20000);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
}

/* One that the SYN asked for again, before our clock did: no round trip by the first. */
static void syn_ack_lost__asked_for_again(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	WIRE_EQ(w, wire_socket(w, A), 0);
	wire_make_own(w, A)->knobs.rto_init_ms = 300;
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 350);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, DIV_ROUND_CLOSEST(wire_xs(w, B)->rtt.srtt_us, 1000), 20);
}

/* What is beyond the window was not asked for: it comes again when there is one. */
static void text__beyond_the_window(struct kunit *test)
{
	struct wire *w = server(test, 4);
	u32 wnd;

	wire_knob(w, fastopen, 0x207);
	wire_path(w, 1300);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_WINDOW_CLAMP, SOCK_MIN_RCVBUF / 2), 0);
	nobody_at_a(w);
	wire_inject(w, A, XTCP_SYN, .len = 1300);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wnd = SOCK_MIN_RCVBUF / 2;
	WIRE_EQ(w, wire_xs(w, B)->tcb.rcv_nxt - wire_xs(w, B)->tcb.irs, 1 + wnd);
	WIRE_EQ(w, wire_recv(w, B, 2000), wnd);
}

/* The plain SYN comes first: its SYN-ACK covers no text, which follows. */
static void syn_overtaken(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_late(w, A, WIRE_SYN, 1, 1500);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 2000);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	wire_transfer(w, B, 10000, 2000);
}

/* The third segment is: SYN-ACK again, by synack_retries; then ETIMEDOUT. */
static void client_dies(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	unsigned int before = wire_count(w, B, WIRE_SYN_ACK);

	wire_knob(w, synack_retries, 2);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 11);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	wire_run_ms(w, 6900);
	WIRE_EQ(w, wire_count(w, B, WIRE_SYN_ACK) - before, 3);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	WIRE_EQ(w, early(w), 1);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -ETIMEDOUT);
	WIRE_EQ(w, early(w), 0);
}

/* --- the server, before the handshake is complete ---------------------------------------- */

/* close(): the FIN need not wait for the third segment either. */
static void server_closes(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	wire_run_ms(w, 1);
	wire_release(w, B);
	wire_run_ms(w, 19);
	WIRE_EQ(w, wire_recv(w, A, 1000), 10);
	WIRE_EQ(w, wire_recv(w, A, 1000), 0);
	wire_release(w, A);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101     <- SYN_RCVD\n"
		    "0.012 ESTABLISHED <- P. 1:11 ack 101  <- SYN_RCVD\n"
		    "0.013 CLOSE_WAIT  <- F. 11 ack 101    <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1      -> FIN_WAIT_1\n"
		    "0.022 ESTABLISHED -> . 101 ack 11     -> FIN_WAIT_1\n"
		    "0.023 CLOSE_WAIT  -> . 101 ack 12     -> FIN_WAIT_2\n"
		    "0.032 LAST_ACK    -> F. 101 ack 12    -> TIME_WAIT\n"
		    "0.042 CLOSED      <- . 12 ack 102     <- TIME_WAIT\n");
}

/* With text unread: RST, as ever (RFC 2525 2.17). */
static void server_closes__unread(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_release(w, B);
	wire_run_ms(w, 20);
	/* The other one answers the third segment. */
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 2);
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
	WIRE_EQ(w, early(w), 0);
}

static void listener_closes(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	wire_unlisten(w, B);
	wire_run_ms(w, 20);
	/* The other one answers the third segment. */
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 2);
	WIRE_EQ(w, wire_error(w, A), ECONNRESET);
}

/* The listener may go while its child is early still. */
static void listener_closes__accepted(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_unlisten(w, B);
	wire_run_ms(w, 50);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, B, 10000, 2000);
}

static void client_resets(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_inject(w, A, XTCP_RST, .seq = 101);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -ECONNRESET);
}

/* It counts for a while at a listener that there is still; at one that is closed no more. */
static void client_resets__listener_closed(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	struct xtcp_listener *l = listener_of_b(w);

	refcount_inc(&l->refs);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_unlisten(w, B);
	WIRE_EQ(w, l->early_len, 1);
	wire_inject(w, A, XTCP_RST, .seq = 101);
	WIRE_EQ(w, l->early_len, 0);
	WIRE_EQ(w, refcount_read(&l->refs), 1);
	xtcp_listener_put(l);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -ECONNRESET);
}

/* poll() and SIOCOUTQ see a connection, not one that is opening. */
static void early__poll(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 12);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, w->side[B].sock->ops->poll(NULL, w->side[B].sock, NULL),
		EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM);
	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	WIRE_EQ(w, wire_send(w, B, 10), -EPIPE);
	wire_run_ms(w, 50);
	WIRE_STATE(w, B, FIN_WAIT_2);
	WIRE_STATE(w, A, CLOSE_WAIT);
}

/* ICMP ends a child that no one has yet; it stays to be accepted, with its text and its error. */
static void early__unreachable(struct kunit *test)
{
	u64 strange = wire_counter(XTCP_CNT_OUT_OF_WINDOW_ICMPS);
	struct wire *w = acquainted(test, 4);
	u8 cookie[8];

	cookie_of_b(w, cookie);
	nobody_at_a(w);
	inject_syn(w, 0, cookie, 100);
	wire_icmp(w, B, WIRE_HOST_UNREACHABLE, 5000);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, wire_counter(XTCP_CNT_OUT_OF_WINDOW_ICMPS) - strange, 1);
	wire_icmp(w, B, WIRE_HOST_UNREACHABLE, 0);
	WIRE_EQ(w, early(w), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EHOSTUNREACH);
	WIRE_EQ(w, wire_send(w, B, 10), -EPIPE);
	/* One that somebody has takes it as a hint, as any open connection. */
	inject_syn(w, 0, cookie, 100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_icmp(w, B, WIRE_HOST_UNREACHABLE, 0);
	WIRE_STATE(w, B, SYN_RCVD);
}

/* --- cookies and keys ------------------------------------------------------------------------ */

static void cookie__of_another_is_refused(struct kunit *test)
{
	static const u8 guess[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	u64 fails = wire_counter(XTCP_CNT_FASTOPEN_PASSIVE_FAILS);
	struct wire *w = server(test, 4);

	nobody_at_a(w);
	inject_syn(w, 0, guess, 100);
	WIRE_EXPECT(w,
		    "0.000 * -> S 0:100 cookie 8    -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 cookie 8 <- SYN_RCVD\n");
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_PASSIVE_FAILS) - fails, 1);
	WIRE_EQ(w, early(w), 0);
}

static int set_key(struct wire *w, const u8 *key, unsigned int len)
{
	return do_sock_setsockopt(w->side[B].listener, false, SOL_TCP, TCP_FASTOPEN_KEY,
				  KERNEL_SOCKPTR((u8 *)key), len);
}

/* The old key is good as long as it is the second one; what it made is replaced. */
static void key__rotation(struct kunit *test)
{
	u8 keys[32] = "the key of old  the new key     ";
	struct wire *w = server(test, 4);

	WIRE_EQ(w, set_key(w, keys, 15), -EINVAL);
	WIRE_EQ(w, set_key(w, keys, 16), 0);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	memcpy(keys, "the new key     the key of old  ", 32);
	WIRE_EQ(w, set_key(w, keys, 32), 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8      -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101 cookie 8 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1           -> ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	WIRE_EQ(w, set_key(w, keys, 16), 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1      -> ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	WIRE_EQ(w, set_key(w, keys + 16, 16), 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 150);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8    -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1 cookie 8 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> P. 1:101 ack 1      -> ESTABLISHED\n"
		    "0.031 ESTABLISHED <- . 1 ack 101         <- ESTABLISHED\n");
}

/* A SYN-ACK that a cookie makes large is numbered where the user lets it be cut up. */
static void cookie__may_be_cut_up(struct kunit *test)
{
	struct wire *w = server(test, 4);
	struct wire_segment *seg;
	u16 ids = 0;
	int i;

	if (wire_is_ipv6(w))
		kunit_skip(test, "IPv6 numbers fragments only");
	WIRE_EQ(w, wire_option(w, B, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT), 0);
	for (i = 0; i < 4; i++) {
		wire_forget_servers(w);
		WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
		wire_run_ms(w, 50);
		WIRE_EQ(w, wire_accept(w, B), 0);
		end_connection(w);
	}
	list_for_each_entry(seg, &w->segments, link) {
		if (seg->ctl != (XTCP_SYN | XTCP_ACK))
			continue;
		WIRE_EQ(w, seg->cookie_len, 8);
		WIRE_EQ(w, seg->whole, false);
		ids |= seg->ip_id;
	}
	WIRE_EQ(w, ids >> 8 && (ids & 0xff), true);
}

/* Neither side needs one, where both have been told so. */
static void no_cookie(struct kunit *test)
{
	struct wire *w = server(test, 4);

	wire_knob(w, fastopen, 0x207);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100      -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1  -> ESTABLISHED\n");
}

/* Or the sockets have, each for its own side. */
static void no_cookie__of_the_socket(struct kunit *test)
{
	struct wire *w = server(test, 4);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100        -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 1     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.031 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
	WIRE_EQ(w, client_fail(w), TFO_DATA_NOT_ACKED);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	end_connection(w);
	wire_epoch(w);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100      -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1  -> ESTABLISHED\n");
	WIRE_EQ(w, client_fail(w), 0);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* Or the route, for both of them (ip-route(8)). */
static void no_cookie__of_the_route(struct kunit *test)
{
	struct wire *w = server(test, 4);

	wire_route_metric(w, RTAX_FASTOPEN_NO_COOKIE, 1);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100      -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101 <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1  -> ESTABLISHED\n");
}

/* A cookie may come without text: the server may speak first. */
static void cookie__without_text(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	u8 cookie[8];

	cookie_of_b(w, cookie);
	nobody_at_a(w);
	inject_syn(w, 0, cookie, 0);
	WIRE_STATE(w, B, SYN_RCVD);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 11);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_xs(w, B)->tcb.snd_una - wire_xs(w, B)->tcb.iss, 11);
	WIRE_EQ(w, !xtcp_queue_oldest(w->side[B].sock->sk), true);
}

/* --- what a client remembers ----------------------------------------------------------------------- */

static void meet(struct wire *w, u32 address)
{
	struct xtcp_flow flow = { .family = AF_INET, .addrs4.remote = htonl(address) };
	struct xtcp_fastopen_server server = { .mss = address };

	xtcp_fastopen_remember(w->xn, &flow, &server);
}

static u16 known(struct wire *w, u32 address)
{
	struct xtcp_flow flow = { .family = AF_INET, .addrs4.remote = htonl(address) };
	struct xtcp_fastopen_server server;

	xtcp_fastopen_recall(w->xn, &flow, &server);
	return server.mss;
}

/* The one met longest ago makes room; a smaller knob forgets at once. */
static void cache__bounded(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, fastopen_cache, 3);
	meet(w, 1);
	meet(w, 2);
	meet(w, 3);
	WIRE_EQ(w, known(w, 1), 1);
	meet(w, 4);
	WIRE_EQ(w, known(w, 2), 0);
	WIRE_EQ(w, known(w, 1), 1);
	WIRE_EQ(w, known(w, 3), 3);
	WIRE_EQ(w, known(w, 4), 4);
	meet(w, 5);
	WIRE_EQ(w, known(w, 1), 0);
	wire_knob(w, fastopen_cache, 1);
	xtcp_fastopen_cache_trim(w->xn);
	WIRE_EQ(w, known(w, 4), 0);
	WIRE_EQ(w, known(w, 5), 5);
	WIRE_EQ(w, w->xn->fastopen.len, 1);
}

/* More than go at one time. */
static void cache__forgets_all(struct kunit *test)
{
	struct wire *w = test->priv;
	unsigned int i;

	wire_knob(w, fastopen_cache, 300);
	for (i = 1; i <= 300; i++)
		meet(w, i);
	WIRE_EQ(w, w->xn->fastopen.len, 300);
	WIRE_EQ(w, wire_write_knob("fastopen_cache", "0"), 0);
	WIRE_EQ(w, w->xn->fastopen.len, 0);
	WIRE_EQ(w, known(w, 300), 0);
}

/* At one address, by protocol 253 and by protocol 6, are two servers. */
static void cache__by_protocol(struct kunit *test)
{
	struct xtcp_flow flow = { .family = AF_INET, .addrs4.remote = htonl(1) };
	struct xtcp_fastopen_server server;
	struct wire *w = test->priv;

	meet(w, 1);
	flow.protocol = IPPROTO_TCP;
	xtcp_fastopen_recall(w->xn, &flow, &server);
	WIRE_EQ(w, server.mss, 0);
}

/* --- the limit ----------------------------------------------------------------------------------- */

static int early_max(struct wire *w)
{
	struct wire_side *b = &w->side[B];

	return xtcp_sk((b->sock ?: b->listener)->sk)->own->fastopen.early_max;
}

/* No more than a queue may hold anywhere (net.core.somaxconn). */
static void limit__of_all_queues(struct kunit *test)
{
	struct wire *w = server(test, 1 << 20);

	WIRE_EQ(w, early_max(w), READ_ONCE(init_net.core.sysctl_somaxconn));
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_FASTOPEN, 3), 0);
	WIRE_EQ(w, early_max(w), 3);
}

/* 1024 in the knob: every listener takes as many as its backlog, unless it has said how many. */
static void limit__of_every_listener(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, fastopen, XTCP_FASTOPEN_CLIENT | XTCP_FASTOPEN_SERVER);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, early_max(w), 0);
	wire_unlisten(w, B);
	wire_knob(w, fastopen, XTCP_FASTOPEN_CLIENT | XTCP_FASTOPEN_SERVER |
			       XTCP_FASTOPEN_SERVER_ALL);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, early_max(w), 8);
	wire_unlisten(w, B);
	WIRE_EQ(w, wire_socket(w, B), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_FASTOPEN, 3), 0);
	WIRE_EQ(w, kernel_listen(w->side[B].sock, 8), 0);
	WIRE_EQ(w, early_max(w), 3);
}

/* It is the listener's, not its children's. */
static void limit__is_not_inherited(struct kunit *test)
{
	struct wire *w = server(test, 4);

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, early_max(w), 0);
}

/* RFC 7413 5.1: beyond the limit a SYN is one of old. */
static void limit(struct kunit *test)
{
	u64 overflows = wire_counter(XTCP_CNT_FASTOPEN_LISTEN_OVERFLOWS);
	struct wire *w = acquainted(test, 2);
	u8 cookie[8];

	cookie_of_b(w, cookie);
	nobody_at_a(w);
	inject_syn(w, 1, cookie, 10);
	inject_syn(w, 2, cookie, 10);
	inject_syn(w, 3, cookie, 10);
	WIRE_EQ(w, early(w), 2);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_LISTEN_OVERFLOWS) - overflows, 1);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 1);
}

/* Who steals a cookie may have the victim's RST end it: that makes no room for a while. */
static void limit__counts_resets(struct kunit *test)
{
	struct wire *w = acquainted(test, 1);
	u8 cookie[8];

	cookie_of_b(w, cookie);
	nobody_at_a(w);
	wire_knob(w, fastopen_reset_hold_ms, 5000);
	inject_syn(w, 1, cookie, 10);
	wire_inject(w, A, XTCP_RST, .conn = 1, .seq = 11);
	WIRE_EQ(w, early(w), 1);
	wire_run_ms(w, 4900);
	inject_syn(w, 2, cookie, 10);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 1);
	wire_run_ms(w, 200);
	inject_syn(w, 3, cookie, 10);
	WIRE_EQ(w, atomic_read(&w->xn->requests), 1);
	WIRE_EQ(w, early(w), 1);
}

/* --- TCP_FASTOPEN_CONNECT ------------------------------------------------------------------------- */

/* connect() succeeds at once, and the first write is the SYN. */
static void fastopen_connect(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	unsigned int before = wire_count(w, A, WIRE_ANY);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_ANY), before);
	WIRE_EQ(w, wire_connect_sock(w, w->side[A].sock, B, O_NONBLOCK), -EISCONN);
	WIRE_EQ(w, w->side[A].sock->ops->poll(NULL, w->side[A].sock, NULL),
		EPOLLOUT | EPOLLWRNORM);
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_send(w, A, 100), -EAGAIN);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_SENT    -> S 0:100 cookie 8 -> SYN_RCVD\n"
		    "0.010 ESTABLISHED <- S. 0 ack 101     <- SYN_RCVD\n"
		    "0.020 ESTABLISHED -> . 101 ack 1      -> ESTABLISHED\n");
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, A, 10000, 2000);
}

static void fastopen_connect__closed_before(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	unsigned int before = wire_count(w, A, WIRE_ANY);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_ANY), before);
	WIRE_STATE(w, A, CLOSED);
}

/* Disconnected before it wrote anything: the next connect() waits again. */
static void fastopen_connect__disconnected_before(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 0), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_STATE(w, A, ESTABLISHED);
}

/* Ended by the administrator before it wrote anything: no SYN of a dead socket. */
static void fastopen_connect__aborted_before(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);
	unsigned int before = wire_count(w, A, WIRE_ANY);

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	WIRE_EQ(w, xtcp_abort(w->side[A].sock->sk, ECONNABORTED), 0);
	WIRE_EQ(w, wire_send(w, A, 100), -ECONNABORTED);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_count(w, A, WIRE_ANY), before);
	WIRE_EQ(w, !xtcp_queue_oldest(w->side[A].sock->sk), true);
}

/* A waits with its SYN for the first text, and B, which listens no more, calls A. */
static struct wire *called_before(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_unlisten(w, B);
	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_epoch(w);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	return w;
}

/* The peer called meanwhile: there is a connection, and the first write is text as any other. */
static void fastopen_connect__called_before(struct kunit *test)
{
	struct wire *w = called_before(test);

	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EXPECT(w,
		    "0.000 SYN_RCVD    <- S 0            <- SYN_SENT\n"
		    "0.010 SYN_RCVD    -> S. 0 ack 1     -> ESTABLISHED\n"
		    "0.020 ESTABLISHED <- . 1 ack 1      <- ESTABLISHED\n"
		    "0.100 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.110 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, A, 10000, 2000);
	wire_transfer(w, B, 10000, 2000);
}

/* The same where the first write comes while they are about to meet. */
static void fastopen_connect__called_at_the_same_time(struct kunit *test)
{
	struct wire *w = called_before(test);

	wire_run_ms(w, 15);
	WIRE_STATE(w, A, SYN_RCVD);
	WIRE_EQ(w, wire_send(w, A, 100), -EINPROGRESS);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 SYN_RCVD    <- S 0            <- SYN_SENT\n"
		    "0.010 SYN_RCVD    -> S. 0 ack 1     -> ESTABLISHED\n"
		    "0.020 ESTABLISHED <- . 1 ack 1      <- ESTABLISHED\n");
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, A, 10000, 2000);
	wire_transfer(w, B, 10000, 2000);
}

/* What a call has on its stack goes to no one else: a child, or who connects anew. */
static void text_for_the_syn__of_one_call_only(struct kunit *test)
{
	struct wire *w = server(test, 4);
	struct msghdr msg = { };

	xtcp_own(w->side[B].listener->sk)->fastopen.syn_text = &msg;
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	xtcp_own(w->side[B].listener->sk)->fastopen.syn_text = NULL;
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, !wire_xs(w, B)->own->fastopen.syn_text, true);
	wire_make_own(w, A)->fastopen.syn_text = &msg;
	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	WIRE_EQ(w, !wire_xs(w, A)->own->fastopen.syn_text, true);
}

/* --- refusals ---------------------------------------------------------------------------------------- */

static void refused(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_unlisten(w, B);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_RST), 1);
	WIRE_EQ(w, wire_error(w, A), ECONNREFUSED);
	WIRE_EQ(w, wire_xs(w, A)->tcb.state, XTCP_CLOSED);
	WIRE_EQ(w, !xtcp_queue_oldest(w->side[A].sock->sk), true);
}

static void errors(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_knob(w, fastopen, XTCP_FASTOPEN_SERVER);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EOPNOTSUPP);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), -EOPNOTSUPP);
	wire_knob(w, fastopen, XTCP_FASTOPEN_CLIENT);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 2), -EINVAL);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, -1), -EINVAL);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN, -1), -EINVAL);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EALREADY);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), -EINVAL);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_accept(w, B), 0);
	/* As connect(): the first one learns that it is connected. */
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EISCONN);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 200);
}

/* Both at once, one with text: it comes again when they have met. */
static void simultaneous_open(struct kunit *test)
{
	struct wire *w = acquainted(test, 4);

	wire_unlisten(w, B);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 400);
	WIRE_STATE(w, A, ESTABLISHED);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	wire_transfer(w, B, 10000, 2000);
}

/* --- black holes ---------------------------------------------------------------------------------------- */

static void fall_into_hole(struct wire *w)
{
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 25);
	wire_drop(w, B, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 100);
	wire_pass_all(w);
	end_connection(w);
}

/* A FIN comes, and never the text before it: a pause for all, then twice as long. */
static void blackhole(struct kunit *test)
{
	u64 holes = wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES);
	struct wire *w = acquainted(test, 4);

	wire_knob(w, fastopen_blackhole_ms, 10000);
	fall_into_hole(w);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 1);
	wire_run_ms(w, 9000);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_run_ms(w, 1000);
	fall_into_hole(w);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 2);
	wire_run_ms(w, 19000);
	WIRE_EQ(w, wire_send_fast(w, A, 100), -EINPROGRESS);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	end_connection(w);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	wire_run_ms(w, 50);
	WIRE_EQ(w, atomic_read(&w->xn->fastopen.holes), 0);
}

/* The answer is lost, or late, and the FIN is not: that happens, and is no hole. */
static void blackhole__not_a_loss(struct kunit *test)
{
	u64 holes = wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES);
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 25);
	wire_drop(w, B, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	WIRE_EQ(w, wire_shutdown(w, B, SHUT_WR), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, A, 1000), -EAGAIN);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_recv(w, A, 1000), 100);
	WIRE_EQ(w, wire_recv(w, A, 1000), 0);
	end_connection(w);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 0);
}

/* Nor is a peer that dies long after: keepalive finds out. */
static void blackhole__not_a_dead_peer(struct kunit *test)
{
	u64 holes = wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES);
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_KEEPIDLE, 10), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_KEEPINTVL, 1), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_KEEPCNT, 2), 0);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 13000);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 0);
}

/*
 * The peer resets what it never answered, and not where we are: what it said before was
 * swallowed. A number out of the window anyone can guess; and with text no one swallows.
 */
static void blackhole__reset_out_of_order(struct kunit *test)
{
	u64 holes = wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES);
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_inject(w, B, XTCP_RST, .seq = 100);
	wire_run_ms(w, 50);
	wire_inject(w, B, XTCP_RST, .seq = 0);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 0);
	wire_inject(w, B, XTCP_RST, .seq = 101);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 1);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_inject(w, B, XTCP_RST, .seq = 201);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 1);
}

static void blackhole__not_a_reset_after_text(struct kunit *test)
{
	u64 holes = wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES);
	struct wire *w = acquainted(test, 4);

	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	wire_run_ms(w, 50);
	wire_inject(w, B, XTCP_RST, .seq = 101);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 0);
	WIRE_STATE(w, A, ESTABLISHED);
}

static void blackhole__three_timeouts(struct kunit *test)
{
	u64 holes = wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES);
	struct wire *w = acquainted(test, 4);

	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send_fast(w, A, 100), 100);
	wire_run_ms(w, 6900);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 0);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_counter(XTCP_CNT_FASTOPEN_BLACKHOLES) - holes, 1);
}

WIRE_SUITES_MAPPED(xtcp_fastopen_wire,
	KUNIT_CASE_SLOW(fastopen_first),
	KUNIT_CASE_SLOW(fastopen_again),
	KUNIT_CASE_SLOW(fastopen_fallback),
	KUNIT_CASE_SLOW(fastopen_no_memory),
	KUNIT_CASE_SLOW(fastopen_no_memory_to_ask),
	KUNIT_CASE_SLOW(fastopen_large),
	KUNIT_CASE_SLOW(fastopen_large__maxseg),
	KUNIT_CASE_SLOW(answer__initial_window),
	KUNIT_CASE_SLOW(server_without__old_number_once),
	KUNIT_CASE_SLOW(syn_lost),
	KUNIT_CASE_SLOW(syn_lost__shy_for_a_while),
	KUNIT_CASE_SLOW(syn_lost__again),
	KUNIT_CASE_SLOW(syn_too_large),
	KUNIT_CASE_SLOW(syn_ack_lost),
	KUNIT_CASE_SLOW(syn_ack_lost__initial_window),
	KUNIT_CASE_SLOW(syn_ack_lost__asked_for_again),
	KUNIT_CASE_SLOW(syn_overtaken),
	KUNIT_CASE_SLOW(client_dies),
	KUNIT_CASE_SLOW(text__beyond_the_window),
	KUNIT_CASE_SLOW(server_closes),
	KUNIT_CASE_SLOW(server_closes__unread),
	KUNIT_CASE_SLOW(listener_closes),
	KUNIT_CASE_SLOW(listener_closes__accepted),
	KUNIT_CASE_SLOW(client_resets),
	KUNIT_CASE_SLOW(client_resets__listener_closed),
	KUNIT_CASE_SLOW(early__poll),
	KUNIT_CASE_SLOW(early__unreachable),
	KUNIT_CASE_SLOW(cookie__of_another_is_refused),
	KUNIT_CASE_SLOW(key__rotation),
	KUNIT_CASE_SLOW(cookie__may_be_cut_up),
	KUNIT_CASE_SLOW(no_cookie),
	KUNIT_CASE_SLOW(no_cookie__of_the_socket),
	KUNIT_CASE_SLOW(no_cookie__of_the_route),
	KUNIT_CASE_SLOW(cookie__without_text),
	KUNIT_CASE_SLOW(cache__bounded),
	KUNIT_CASE_SLOW(cache__forgets_all),
	KUNIT_CASE_SLOW(cache__by_protocol),
	KUNIT_CASE_SLOW(limit__of_all_queues),
	KUNIT_CASE_SLOW(limit__of_every_listener),
	KUNIT_CASE_SLOW(limit__is_not_inherited),
	KUNIT_CASE_SLOW(limit),
	KUNIT_CASE_SLOW(limit__counts_resets),
	KUNIT_CASE_SLOW(fastopen_connect),
	KUNIT_CASE_SLOW(fastopen_connect__closed_before),
	KUNIT_CASE_SLOW(fastopen_connect__disconnected_before),
	KUNIT_CASE_SLOW(fastopen_connect__aborted_before),
	KUNIT_CASE_SLOW(fastopen_connect__called_before),
	KUNIT_CASE_SLOW(fastopen_connect__called_at_the_same_time),
	KUNIT_CASE_SLOW(text_for_the_syn__of_one_call_only),
	KUNIT_CASE_SLOW(refused),
	KUNIT_CASE_SLOW(errors),
	KUNIT_CASE_SLOW(simultaneous_open),
	KUNIT_CASE_SLOW(blackhole),
	KUNIT_CASE_SLOW(blackhole__not_a_loss),
	KUNIT_CASE_SLOW(blackhole__not_a_dead_peer),
	KUNIT_CASE_SLOW(blackhole__reset_out_of_order),
	KUNIT_CASE_SLOW(blackhole__not_a_reset_after_text),
	KUNIT_CASE_SLOW(blackhole__three_timeouts),
	{ });
