// SPDX-License-Identifier: GPL-2.0
/*
 * What takes hours. KUnit ends a case after five minutes of (virtual) time, so
 * these run in suite_init(), which has no limit; the cases tell the outcome.
 */

#include <linux/ipv6.h>
#include <linux/tcp.h>
#include "../wire.h"

static struct {
	unsigned int host_dies, keepalive, idle, orphan;
} failures;

static enum wire_family family;

static struct wire *connected(int rcvbuf)
{
	struct wire *w = wire_open(NULL, family);

	if (!w)
		return NULL;
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	if (rcvbuf)
		WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVBUF, rcvbuf), 0);
	wire_establish(w);
	wire_unlisten(w, B);
	wire_epoch(w);
	return w;
}

/* retries2 = 15: RTO 200 ms doubled up to rto_max 120 s: 924.6 s, a quarter of an hour. */
static unsigned int run_host_dies(void)
{
	struct wire *w = connected(0);

	if (!w || !w->side[B].sock)
		return 1;
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 924599);
	WIRE_STATE(w, A, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, wire_error(w, A), ETIMEDOUT);
	WIRE_EXPECT(w,
		    "  0.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "  0.200 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "  0.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "  1.400 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "  3.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "  6.200 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    " 12.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    " 25.400 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    " 51.000 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "102.200 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "204.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "324.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "444.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "564.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "684.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n"
		    "804.600 ESTABLISHED -> P. 1:101 ack 1 -> x\n");
	return wire_close(w);
}

/* Beside the connection of @w a second one, in the accept queue of B. */
static void connect_neighbour(struct wire *w)
{
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 100);
}

/* The first connection is over; what becomes of the neighbour? */
static void use_neighbour(struct wire *w)
{
	wire_pass_all(w);
	wire_release(w, A);
	swap(w->side[A].sock, w->client[1]);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 5000, 1000);
	wire_transfer(w, B, 5000, 1000);
}

/*
 * The defaults: 7200 s, then 9 probes at 75 s: 7875 s until it is noticed.
 * Meanwhile silence does not hurt a connection without keepalive: hours cost
 * us time, so both at once.
 */
static void run_silent_hours(void)
{
	struct wire *w = connected(0);

	failures.keepalive = 1;
	failures.idle = 1;
	if (!w || !w->side[B].sock)
		return;
	connect_neighbour(w);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	wire_epoch(w);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 7874999);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_run_ms(w, 2);
	WIRE_STATE(w, B, LISTEN);
	WIRE_EQ(w, wire_error(w, B), ETIMEDOUT);
	WIRE_EXPECT(w,
		    "7200.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7275.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7350.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7425.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7500.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7575.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7650.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7725.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7800.000 x <- . 0 ack 1  <- ESTABLISHED\n"
		    "7875.000 x <- R. 1 ack 1 <- LISTEN\n");
	failures.keepalive = w->failures;
	use_neighbour(w);
	failures.idle = wire_close(w) - failures.keepalive;
}

/* An orphan with text before a shut window: it gives up in the end. */
static unsigned int run_orphan_shut_out(void)
{
	struct wire *w = connected(8192);

	if (!w || !w->side[B].sock)
		return 1;
	wire_knob(w, rto_max_ms, 10000);
	WIRE_EQ(w, wire_send(w, A, 100000) > 0, true);
	wire_run_ms(w, 60000);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_wnd < 1000, true);
	wire_release(w, A);
	wire_run_ms(w, 300000);
	WIRE_STATE(w, A, CLOSED);
	WIRE_EQ(w, atomic_read(&xtcp_net(&init_net)->orphans), 0);
	return wire_close(w);
}

static int long_init(struct kunit_suite *suite)
{
	family = WIRE_IPV4;
	failures.host_dies = run_host_dies();
	run_silent_hours();
	failures.orphan = run_orphan_shut_out();
	return 0;
}

/* The timers are the same for all: one look at them is enough, hours are not free. */
static int long6_init(struct kunit_suite *suite)
{
	family = WIRE_IPV6;
	if (ipv6_mod_enabled())
		failures.host_dies = run_host_dies();
	return 0;
}

static void server_host_dies__quarter_of_an_hour(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, failures.host_dies, 0);
}

static void client_dies_keepalive__7875s(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, failures.keepalive, 0);
}

static void idle__two_hours(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, failures.idle, 0);
}

static void zero_window__orphan_gives_up(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, failures.orphan, 0);
}

static struct kunit_case long_cases[] = {
	KUNIT_CASE(server_host_dies__quarter_of_an_hour),
	KUNIT_CASE(client_dies_keepalive__7875s),
	KUNIT_CASE(idle__two_hours),
	KUNIT_CASE(zero_window__orphan_gives_up),
	{ }
};

static struct kunit_suite long_suite = {
	.name = "xtcp_long_wire",
	.suite_init = long_init,
	.test_cases = long_cases,
};

static int need_ipv6(struct kunit *test)
{
	wire_need_ipv6(test);
	return 0;
}

static struct kunit_case long6_cases[] = {
	KUNIT_CASE(server_host_dies__quarter_of_an_hour),
	{ }
};

static struct kunit_suite long6_suite = {
	.name = "xtcp_long_wire6",
	.suite_init = long6_init,
	.init = need_ipv6,
	.test_cases = long6_cases,
};

kunit_test_suites(&long_suite, &long6_suite);
