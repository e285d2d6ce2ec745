// SPDX-License-Identifier: GPL-2.0
/*
 * What the prover found (make prove), on real sockets: those of its lessons that no other
 * suite has. Where a lesson fails, the old text is read here; where its twin holds, it is
 * not. scripts/prove/lessons.c names the case of each lesson.
 *
 * The network's MSL is a second: it delivers nothing that is older.
 */

#include "../wire.h"

enum { TEXT = 100 };

/* TIME_WAIT alone stands between two lives. */
static struct wire *same_numbers(struct kunit *test, u32 msl_ms)
{
	struct wire *w = test->priv;

	wire_knob(w, isn_mode, XTCP_ISN_CONSTANT);
	wire_knob(w, timestamps, 0);
	wire_knob(w, msl_ms, msl_ms);
	wire_establish(w);
	return w;
}

/* A new life in which A has sent a FIN, too: what acknowledges the old one is acceptable. */
static void open_and_shut_down(struct wire *w)
{
	wire_establish(w);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
}

/* --- short-msl ----------------------------------------------------------------- */

/*
 * A closes first. Its last ACK is under way for nearly an MSL; just before it comes, B says
 * text and FIN again, and that is as long under way.
 */
static struct wire *said_again_late(struct kunit *test, u32 msl_ms)
{
	struct wire *w = same_numbers(test, msl_ms);

	wire_late(w, A, WIRE_ACK, 1, 900);
	wire_late(w, B, WIRE_FIN, 2, 950);
	wire_drop(w, B, WIRE_FIN, 3, WIRE_FOREVER);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_send_flags(w, B, TEXT, MSG_MORE), TEXT);
	wire_release(w, B);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_recv(w, A, 1000), TEXT);
	wire_release(w, A);
	wire_run_to_ms(w, 500);
	WIRE_STATE(w, B, LAST_ACK);
	wire_run_to_ms(w, 1000);
	WIRE_STATE(w, B, LISTEN);
	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_to_ms(w, 1040);
	return w;
}

/* TIME_WAIT of one MSL is over: the new life reads what the old one said. */
static void short_msl(struct kunit *test)
{
	struct wire *w = said_again_late(test, 500);

	WIRE_STATE(w, A, CLOSED);
	open_and_shut_down(w);
	WIRE_EQ(w, wire_recv(w, A, 1000), -EAGAIN);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_recv(w, A, 1000), TEXT);
	WIRE_EQ(w, wire_recv(w, A, 1000), 0);
}

/* Of two: it dies in it. The FIN begins it anew. */
static void short_msl__two_msl(struct kunit *test)
{
	struct wire *w = said_again_late(test, 1000);

	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_to_ms(w, 2500);
	WIRE_STATE(w, A, TIME_WAIT);
	wire_run_to_ms(w, 3300);
	WIRE_STATE(w, A, CLOSED);
	open_and_shut_down(w);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_recv(w, A, 1000), -EAGAIN);
}

/* --- rfc1337-off ---------------------------------------------------------------- */

/* A copy of the first text of B. */
static void old_text(struct wire *w)
{
	wire_inject(w, B, XTCP_ACK | XTCP_PSH, .seq = 1, .ack = 1, .len = TEXT);
}

/*
 * A is in TIME_WAIT, and B has forgotten. A copy of old text comes: A acknowledges it, B
 * answers that with RST.
 */
static struct wire *old_text_in_time_wait(struct kunit *test, u32 rfc1337)
{
	struct wire *w = same_numbers(test, 1000);

	wire_knob(w, rfc1337, rfc1337);
	WIRE_EQ(w, wire_send(w, B, TEXT), TEXT);
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, A, 1000), TEXT);
	wire_release(w, A);
	wire_run_ms(w, 50);
	wire_release(w, B);
	wire_run_ms(w, 50);
	WIRE_STATE(w, A, TIME_WAIT);
	wire_epoch(w);
	old_text(w);
	wire_run_ms(w, 50);
	return w;
}

/* TIME_WAIT is gone, a new life begins at once, and another copy gets into it. */
static void rfc1337_off(struct kunit *test)
{
	struct wire *w = old_text_in_time_wait(test, 0);

	WIRE_EXPECT(w,
		    "0.000 TIME_WAIT <- P. 1:101 ack 1 <- *\n"
		    "0.000 TIME_WAIT -> . 2 ack 102    -> LISTEN\n"
		    "0.010 CLOSED    <- R 102          <- LISTEN\n");
	wire_establish(w);
	old_text(w);
	WIRE_EQ(w, wire_recv(w, A, 1000), TEXT);
}

static void rfc1337_off__rfc1337_on(struct kunit *test)
{
	struct wire *w = old_text_in_time_wait(test, 1);

	WIRE_EXPECT(w,
		    "0.000 TIME_WAIT <- P. 1:101 ack 1 <- *\n"
		    "0.000 TIME_WAIT -> . 2 ack 102    -> LISTEN\n"
		    "0.010 TIME_WAIT <- R 102          <- LISTEN\n");
	WIRE_EQ(w, wire_connect(w, A), -EADDRNOTAVAIL);
}

/* --- the suite --------------------------------------------------------------------- */

WIRE_SUITES(xtcp_prove_wire,
	KUNIT_CASE_SLOW(short_msl),
	KUNIT_CASE_SLOW(short_msl__two_msl),
	KUNIT_CASE_SLOW(rfc1337_off),
	KUNIT_CASE_SLOW(rfc1337_off__rfc1337_on),
	{ }
);
