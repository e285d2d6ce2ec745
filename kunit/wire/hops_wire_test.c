// SPDX-License-Identifier: GPL-2.0
/*
 * The Generalized TTL Security Mechanism (RFC 5082): who asks for it by IP_MINTTL or
 * IPV6_MINHOPCOUNT hears nobody who is farther away. module/engine/input.c, icmp.c.
 */

#include <linux/in.h>
#include <linux/in6.h>
#include "../wire.h"

/* @end hears nobody who sends with less. */
static int ask(struct wire *w, enum wire_end end, int ttl)
{
	if (wire_is_ipv6(w))
		return wire_option(w, end, SOL_IPV6, IPV6_MINHOPCOUNT, ttl);
	return wire_option(w, end, SOL_IP, IP_MINTTL, ttl);
}

/* @end sends with so much, instead of 64. */
static int send_with(struct wire *w, enum wire_end end, int ttl)
{
	if (wire_is_ipv6(w))
		return wire_option(w, end, SOL_IPV6, IPV6_UNICAST_HOPS, ttl);
	return wire_option(w, end, SOL_IP, IP_TTL, ttl);
}

static u64 drops(void)
{
	return wire_counter(XTCP_DROP_MIN_TTL);
}

/* Nothing of it counts, be it a RST; from as near as it must be, all does. */
static void min_ttl__connection(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	u64 before = drops();

	WIRE_EQ(w, ask(w, B, 65), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_inject(w, A, XTCP_RST, .seq = 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, drops() - before, 2);
	WIRE_STATE(w, B, ESTABLISHED);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
	WIRE_EQ(w, send_with(w, A, 65), 0);
	wire_run_ms(w, 300);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

static void min_ttl__as_much_is_enough(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	WIRE_EQ(w, ask(w, B, 64), 0);
	wire_transfer(w, A, 3000, 1000);
}

/* A SYN from afar does not even get a RST. What the listener asked for holds for its child. */
static void min_ttl__listener(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 before = drops();

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, ask(w, B, 255), 0);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, B, WIRE_ANY), 0);
	WIRE_EQ(w, drops() - before, 1);
	WIRE_EQ(w, send_with(w, A, 255), 0);
	wire_run_ms(w, 1100);
	WIRE_EQ(w, wire_accept(w, B), 0);
	wire_transfer(w, A, 3000, 1000);
	WIRE_EQ(w, send_with(w, A, 64), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), -EAGAIN);
}

/* Half open: the listener asks, whenever it began to. */
static void min_ttl__request(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 before = drops();

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_late(w, A, WIRE_ACK, 1, 100);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, ask(w, B, 255), 0);
	wire_run_ms(w, 200);
	WIRE_EQ(w, drops() - before, 1);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
}

/* The record of a TIME_WAIT has no such wish; the listener that its place is for has. */
static void min_ttl__time_wait(struct kunit *test)
{
	struct wire *w = test->priv;
	u64 before = drops();

	wire_establish(w);
	WIRE_EQ(w, ask(w, B, 64), 0);
	wire_release(w, B);
	wire_run_ms(w, 50);
	wire_release(w, A);
	wire_run_ms(w, 50);
	WIRE_STATE(w, B, TIME_WAIT);
	WIRE_EQ(w, ask(w, B, 255), 0);		/* the listener */
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, drops() - before, 1);
	WIRE_STATE(w, B, TIME_WAIT);
}

/* An ICMP error, too, comes from as far as what it quotes has gone. */
static void min_ttl__icmp(struct kunit *test)
{
	u64 before = wire_counter(XTCP_CNT_ICMP_MIN_TTL);
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, ask(w, A, 65), 0);
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_icmp(w, A, WIRE_PORT_UNREACHABLE, 0);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, wire_counter(XTCP_CNT_ICMP_MIN_TTL) - before, 1);
	WIRE_EQ(w, ask(w, A, 64), 0);
	wire_icmp(w, A, WIRE_PORT_UNREACHABLE, 0);
	WIRE_STATE(w, A, CLOSED);
}

WIRE_SUITES_MAPPED(xtcp_hops_wire,
	KUNIT_CASE_SLOW(min_ttl__connection),
	KUNIT_CASE_SLOW(min_ttl__as_much_is_enough),
	KUNIT_CASE_SLOW(min_ttl__listener),
	KUNIT_CASE_SLOW(min_ttl__request),
	KUNIT_CASE_SLOW(min_ttl__time_wait),
	KUNIT_CASE_SLOW(min_ttl__icmp),
	{ });
