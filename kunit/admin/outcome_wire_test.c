// SPDX-License-Identifier: GPL-2.0
/*
 * How handshakes end: each way counts under its own name, once, and under no
 * other (include/xtcp/counters.h, XTCP_OUTCOME_LIST).
 */

#include <linux/tcp.h>
#include <xtcp/request.h>
#include <xtcp/socket.h>
#include "../wire.h"

#define OUTCOME(suffix, name) XTCP_CNT_##suffix,
static const u16 outcomes[] = {
	XTCP_OUTCOME_LIST(OUTCOME)
	XTCP_CNT_SIMULTANEOUS_OPENS, XTCP_CNT_ATTEMPT_FAILS,
	XTCP_CNT_ABORT_ON_LISTENER, XTCP_CNT_ABORT_BY_ADMIN,
};

static u64 before[ARRAY_SIZE(outcomes)];

static void count_from_here(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(outcomes); i++)
		before[i] = wire_counter(outcomes[i]);
}

/* Exactly these, each once: ends with 0. */
static void expect_counted(struct wire *w, const char *where, const u16 *wanted)
{
	const u16 *p;
	u64 want;
	int i;

	for (i = 0; i < ARRAY_SIZE(outcomes); i++) {
		want = 0;
		for (p = wanted; *p; p++)
			want += *p == outcomes[i];
		wire_eq(w, where, xtcp_counters_name(outcomes[i]),
			wire_counter(outcomes[i]) - before[i], want);
	}
}

#define C(suffix) XTCP_CNT_##suffix
#define COUNTED(w, ...)							\
	expect_counted(w, WIRE_HERE, (const u16[]){ __VA_ARGS__, 0 })

static struct wire *wire_with_listener(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	count_from_here();
	return w;
}

/* A's SYN is out and lost. */
static struct wire *connecting(struct kunit *test)
{
	struct wire *w = test->priv;

	count_from_here();
	wire_drop(w, A, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	return w;
}

/* B has a request, and A, who is no socket, says nothing more. */
static struct wire *half_open(struct kunit *test)
{
	struct wire *w = wire_with_listener(test);

	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_inject(w, A, XTCP_SYN);
	return w;
}

/* Both sides' SYNs met; the SYN-ACKs are lost. */
static struct wire *crossed(struct kunit *test)
{
	struct wire *w = test->priv;

	count_from_here();
	wire_drop(w, A, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, SYN_RCVD);
	WIRE_STATE(w, B, SYN_RCVD);
	return w;
}

/* --- active ----------------------------------------------------------------- */

static void established(struct kunit *test)
{
	struct wire *w = wire_with_listener(test);

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ESTABLISHED), C(REQUESTS), C(PASSIVE_OPENS));
}

static void established_by_cookie(struct kunit *test)
{
	struct wire *w = wire_with_listener(test);

	wire_knob(w, syncookies, 2);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 100);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ESTABLISHED), C(SYNCOOKIES_RECV),
		C(PASSIVE_OPENS));
}

static void refused(struct kunit *test)
{
	struct wire *w = test->priv;

	count_from_here();
	WIRE_EQ(w, wire_connect(w, A), -ECONNREFUSED);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_REFUSED), C(ATTEMPT_FAILS));
}

static void timed_out(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_run_ms(w, 64000);
	COUNTED(w, C(ACTIVE_OPENS), C(SYN_TIMEOUTS), C(ATTEMPT_FAILS));
}

static void host_unreachable(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_icmp(w, A, WIRE_HOST_UNREACHABLE, 0);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_UNREACHABLE), C(ATTEMPT_FAILS));
}

static void closed_while_connecting(struct kunit *test)
{
	struct wire *w = connecting(test);

	wire_release(w, A);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ABORTED), C(ATTEMPT_FAILS));
}

static void closed_while_connecting__linger_0(struct kunit *test)
{
	struct wire *w = connecting(test);

	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ABORTED), C(ATTEMPT_FAILS));
}

static void disconnected_while_connecting(struct kunit *test)
{
	struct wire *w = connecting(test);

	WIRE_EQ(w, call_disconnect(w->side[A].sock), 0);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ABORTED), C(ATTEMPT_FAILS));
}

static void aborted_while_connecting(struct kunit *test)
{
	struct wire *w = connecting(test);

	WIRE_EQ(w, xtcp_abort(w->side[A].sock->sk, ECONNABORTED), 0);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ABORTED), C(ATTEMPT_FAILS), C(ABORT_BY_ADMIN));
}

/* --- both at once ------------------------------------------------------------- */

static void simultaneous(struct kunit *test)
{
	struct wire *w = test->priv;

	count_from_here();
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_run_ms(w, 100);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_OPENS), C(SIMULTANEOUS_OPENS),
		C(SIMULTANEOUS_OPENS), C(ACTIVE_ESTABLISHED), C(ACTIVE_ESTABLISHED));
}

static void simultaneous__refused(struct kunit *test)
{
	struct wire *w = crossed(test);

	wire_inject(w, B, XTCP_RST | XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_STATE(w, A, CLOSED);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_OPENS), C(SIMULTANEOUS_OPENS),
		C(SIMULTANEOUS_OPENS), C(ACTIVE_REFUSED), C(ATTEMPT_FAILS));
}

static void simultaneous__timed_out(struct kunit *test)
{
	struct wire *w = crossed(test);

	wire_run_ms(w, 64000);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_OPENS), C(SIMULTANEOUS_OPENS),
		C(SIMULTANEOUS_OPENS), C(SYN_TIMEOUTS), C(SYN_TIMEOUTS), C(ATTEMPT_FAILS),
		C(ATTEMPT_FAILS));
}

static void simultaneous__aborted(struct kunit *test)
{
	struct wire *w = crossed(test);

	wire_drop(w, A, WIRE_RST, 1, 1);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_OPENS), C(SIMULTANEOUS_OPENS),
		C(SIMULTANEOUS_OPENS), C(ACTIVE_ABORTED), C(ATTEMPT_FAILS));
}

/* --- passive ------------------------------------------------------------------ */

static void request__given_up(struct kunit *test)
{
	struct wire *w = half_open(test);

	wire_run_ms(w, 64000);
	COUNTED(w, C(REQUESTS), C(SYN_ACK_TIMEOUTS), C(ATTEMPT_FAILS));
}

static void request__reset(struct kunit *test)
{
	struct wire *w = half_open(test);

	wire_inject(w, A, XTCP_RST, .seq = 1);
	COUNTED(w, C(REQUESTS), C(REQUEST_RESET), C(ATTEMPT_FAILS));
}

static void request__unreachable(struct kunit *test)
{
	struct wire *w = half_open(test);

	wire_icmp(w, B, wire_is_ipv6(w) ? WIRE_PROHIBITED : WIRE_HOST_UNREACHABLE, 0);
	COUNTED(w, C(REQUESTS), C(REQUEST_UNREACHABLE), C(ATTEMPT_FAILS));
}

static void request__listener_closed(struct kunit *test)
{
	struct wire *w = half_open(test);

	wire_unlisten(w, B);
	COUNTED(w, C(REQUESTS), C(REQUEST_LISTENER_CLOSED), C(ATTEMPT_FAILS));
}

static struct xtcp_request *find_request(void)
{
	unsigned int bucket = 0, skip = 0;
	struct xtcp_flow *flow;

	do {
		flow = xtcp_flow_next(&init_net, &bucket, &skip);
	} while (flow && flow->kind != XTCP_FLOW_REQUEST);
	return flow ? container_of(flow, struct xtcp_request, flow) : NULL;
}

static void request__aborted(struct kunit *test)
{
	struct wire *w = half_open(test);
	struct xtcp_request *req;

	rcu_read_lock();
	req = find_request();
	if (req)
		xtcp_request_drop(req, XTCP_CNT_REQUEST_ABORTED);
	rcu_read_unlock();
	COUNTED(w, C(REQUESTS), C(REQUEST_ABORTED), C(ATTEMPT_FAILS));
}

/* abort_on_overflow: two others fill the accept queue before the third segment. */
static void request__overflow(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_knob(w, abort_on_overflow, 1);
	WIRE_EQ(w, wire_listen(w, B, 1), 0);
	count_from_here();
	wire_late(w, A, WIRE_ACK, 1, 300);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 25);
	WIRE_EQ(w, wire_client(w, 1), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_client(w, 2), 0);
	wire_run_ms(w, 500);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_OPENS), C(ACTIVE_OPENS), C(ACTIVE_ESTABLISHED),
		C(ACTIVE_ESTABLISHED), C(ACTIVE_ESTABLISHED), C(REQUESTS), C(REQUESTS),
		C(REQUESTS), C(PASSIVE_OPENS), C(PASSIVE_OPENS), C(ABORT_ON_OVERFLOW),
		C(ATTEMPT_FAILS));
}

/* The peer may send its SYN and the last ACK again as it likes. */
static void request__repeated_segments_count_nothing(struct kunit *test)
{
	struct wire *w = half_open(test);

	wire_inject(w, A, XTCP_SYN);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 5);
	COUNTED(w, C(REQUESTS));
}

/* Established, but no program ever had it. */
static void child__listener_closed(struct kunit *test)
{
	struct wire *w = wire_with_listener(test);

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	wire_unlisten(w, B);
	COUNTED(w, C(ACTIVE_OPENS), C(ACTIVE_ESTABLISHED), C(REQUESTS), C(PASSIVE_OPENS),
		C(ABORT_ON_LISTENER));
}

WIRE_SUITES(xtcp_outcome_wire,
	KUNIT_CASE_SLOW(established),
	KUNIT_CASE_SLOW(established_by_cookie),
	KUNIT_CASE_SLOW(refused),
	KUNIT_CASE_SLOW(timed_out),
	KUNIT_CASE_SLOW(host_unreachable),
	KUNIT_CASE_SLOW(closed_while_connecting),
	KUNIT_CASE_SLOW(closed_while_connecting__linger_0),
	KUNIT_CASE_SLOW(disconnected_while_connecting),
	KUNIT_CASE_SLOW(aborted_while_connecting),
	KUNIT_CASE_SLOW(simultaneous),
	KUNIT_CASE_SLOW(simultaneous__refused),
	KUNIT_CASE_SLOW(simultaneous__timed_out),
	KUNIT_CASE_SLOW(simultaneous__aborted),
	KUNIT_CASE_SLOW(request__given_up),
	KUNIT_CASE_SLOW(request__reset),
	KUNIT_CASE_SLOW(request__unreachable),
	KUNIT_CASE_SLOW(request__listener_closed),
	KUNIT_CASE_SLOW(request__aborted),
	KUNIT_CASE_SLOW(request__repeated_segments_count_nothing),
	KUNIT_CASE_SLOW(request__overflow),
	KUNIT_CASE_SLOW(child__listener_closed),
	{ }
);
