// SPDX-License-Identifier: GPL-2.0
/* The sixth step of RFC 9293 section 3.10.7.4, "check the URG bit": segment/arrives.c. */

#include <kunit/test.h>
#include <xtcp/tcb.h>

#define ISS	1000U
#define IRS	0xfffffff0U	/* pointers cross the wrap */
#define RWND	100000U

#define A XTCP_ACK
#define F XTCP_FIN
#define U XTCP_URG

struct row {
	const char *what;
	u8 state;
	u8 ctl;
	s32 seq;		/* from RCV.NXT */
	u32 len;
	u16 up;
	u8 before;		/* enum xtcp_urgent, and RCV.UP from RCV.NXT: */
	s32 rcv_up;
	/* then */
	bool event;
	s32 then_up;		/* from the RCV.NXT before */
};

#define NONE	XTCP_URGENT_NONE
#define AWAITED	XTCP_URGENT_AWAITED
#define HERE	XTCP_URGENT_HERE
#define TAKEN	XTCP_URGENT_READ

static const struct row rows[] = {
	{ "in the text", XTCP_ESTABLISHED, U | A, 0, 10, 5, NONE, 0, true, 5 },
	{ "the last octet", XTCP_ESTABLISHED, U | A, 0, 10, 10, NONE, 0, true, 10 },
	{ "ahead of the text", XTCP_ESTABLISHED, U | A, 0, 10, 5000, NONE, 0, true, 5000 },
	{ "as far as it reaches", XTCP_ESTABLISHED, U | A, 0, 0, 65535, NONE, 0,
	  true, 65535 },
	{ "no text", XTCP_ESTABLISHED, U | A, 0, 0, 1, NONE, 0, true, 1 },
	{ "no bit, whatever the field says", XTCP_ESTABLISHED, A, 0, 10, 5, NONE, 0,
	  false, 0 },
	{ "0 is the first octet", XTCP_ESTABLISHED, U | A, 0, 10, 0, NONE, 0, true, 1 },
	{ "out of order", XTCP_ESTABLISHED, U | A, 20, 10, 5, NONE, 0, true, 25 },
	{ "partly old, urgent is new", XTCP_ESTABLISHED, U | A, -5, 10, 6, NONE, 0,
	  true, 1 },
	{ "partly old, urgent is old", XTCP_ESTABLISHED, U | A, -5, 10, 5, NONE, 0,
	  false, 0 },
	{ "further on", XTCP_ESTABLISHED, U | A, 0, 10, 10, AWAITED, 5, true, 10 },
	{ "the same again", XTCP_ESTABLISHED, U | A, 0, 10, 10, AWAITED, 10, false, 10 },
	{ "RCV.UP never falls", XTCP_ESTABLISHED, U | A, 0, 10, 5, AWAITED, 10, false, 10 },
	{ "the same again, read already", XTCP_ESTABLISHED, U | A, 0, 10, 10, TAKEN, 10,
	  false, 10 },
	{ "further on, not read yet", XTCP_ESTABLISHED, U | A, 0, 10, 10, HERE, -3,
	  true, 10 },
	{ "an RCV.UP of long ago does not count", XTCP_ESTABLISHED, U | A, 0, 10, 5, NONE,
	  0x7fffffff, true, 5 },
	{ "behind text that waited", XTCP_ESTABLISHED, U | A, 0, 10, 5, HERE, 8, false, 8 },
	{ "with FIN", XTCP_ESTABLISHED, U | F | A, 0, 10, 10, NONE, 0, true, 10 },
	{ "fin_wait_1", XTCP_FIN_WAIT_1, U | A, 0, 10, 10, NONE, 0, true, 10 },
	{ "fin_wait_2", XTCP_FIN_WAIT_2, U | A, 0, 10, 10, NONE, 0, true, 10 },
	{ "with the ACK of our SYN", XTCP_SYN_RCVD, U | A, 0, 10, 10, NONE, 0, true, 10 },
	/* "This should not occur since a FIN has been received": ignored. */
	{ "close_wait", XTCP_CLOSE_WAIT, U | A, 0, 0, 10, NONE, 0, false, 0 },
	{ "closing", XTCP_CLOSING, U | A, 0, 0, 10, NONE, 0, false, 0 },
	{ "last_ack", XTCP_LAST_ACK, U | A, 0, 0, 10, NONE, 0, false, 0 },
	{ "time_wait", XTCP_TIME_WAIT, U | A, 0, 0, 10, NONE, 0, false, 0 },
	/* Before the sixth step it must get past the first and the fifth. */
	{ "outside the window", XTCP_ESTABLISHED, U | A, -1, 0, 10, NONE, 0, false, 0 },
	{ "without ACK", XTCP_ESTABLISHED, U, 0, 10, 10, NONE, 0, false, 0 },
};

static void row_desc(const struct row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_desc);

static void tcb_of(struct xtcp_tcb *tcb, const struct row *row)
{
	*tcb = (struct xtcp_tcb){
		.state = row->state,
		.passive = 1,
		.iss = ISS, .snd_una = ISS + 1, .snd_nxt = ISS + 1,
		.snd_wnd = 5000, .snd_wnd_max = 5000,
		.irs = IRS, .rcv_nxt = IRS + 1, .rcv_adv = IRS + 1 + RWND,
		.rcv_urgent = row->before, .rcv_up = IRS + 1 + row->rcv_up,
	};
	if (row->state == XTCP_SYN_RCVD)
		tcb->snd_una = ISS;
}

static void step6__table(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct xtcp_segment seg = {
		.ctl = row->ctl, .seq = IRS + 1 + row->seq, .ack = ISS + 1,
		.text_len = row->len, .wnd = 5000, .up = row->up,
	};
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_of(&tcb, row);
	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	KUNIT_EXPECT_EQ(test, !!(v.events & XTCP_EV_URGENT), row->event);
	KUNIT_EXPECT_EQ(test, tcb.rcv_urgent, row->event ? AWAITED : row->before);
	if (tcb.rcv_urgent)
		KUNIT_EXPECT_EQ(test, (s32)(tcb.rcv_up - IRS - 1), row->then_up);
}

/* RFC 9293 3.10.7.4: a shut window still takes URG. */
static void step6__window_is_shut(struct kunit *test)
{
	struct xtcp_segment seg = { .ctl = U | A, .seq = IRS + 1, .ack = ISS + 1, .up = 7 };
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	tcb_of(&tcb, &rows[0]);
	tcb.rcv_adv = tcb.rcv_nxt;
	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	KUNIT_EXPECT_TRUE(test, v.events & XTCP_EV_URGENT);
	KUNIT_EXPECT_EQ(test, v.reply, XTCP_REPLY_NONE);
	KUNIT_EXPECT_EQ(test, tcb.rcv_up, IRS + 1 + 7);
}

/* RFC 9293 3.10.7.3: a SYN-ACK goes on to the sixth step, too. */
static void step6__of_a_syn_ack(struct kunit *test)
{
	struct xtcp_segment seg = { .ctl = U | A | XTCP_SYN, .seq = IRS, .ack = ISS + 1,
				    .text_len = 10, .up = 11, .wnd = 5000 };
	struct xtcp_tcb tcb = { .state = XTCP_SYN_SENT, .iss = ISS, .snd_una = ISS,
				.snd_nxt = ISS + 1, .rcv_adv = RWND };
	struct xtcp_verdict v;

	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_ESTABLISHED);
	KUNIT_EXPECT_TRUE(test, v.events & XTCP_EV_URGENT);
	KUNIT_EXPECT_EQ(test, tcb.rcv_up, tcb.rcv_nxt);
}

/* A SYN without ACK does not: its text is not taken either. */
static void step6__of_a_crossing_syn(struct kunit *test)
{
	struct xtcp_segment seg = { .ctl = U | XTCP_SYN, .seq = IRS, .up = 11, .wnd = 5000 };
	struct xtcp_tcb tcb = { .state = XTCP_SYN_SENT, .iss = ISS, .snd_una = ISS,
				.snd_nxt = ISS + 1, .rcv_adv = RWND };
	struct xtcp_verdict v;

	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	KUNIT_EXPECT_EQ(test, v.state, XTCP_SYN_RCVD);
	KUNIT_EXPECT_FALSE(test, v.events & XTCP_EV_URGENT);
	KUNIT_EXPECT_EQ(test, tcb.rcv_urgent, NONE);
}

static struct kunit_case urgent_cases[] = {
	KUNIT_CASE_PARAM(step6__table, row_gen_params),
	KUNIT_CASE(step6__window_is_shut),
	KUNIT_CASE(step6__of_a_syn_ack),
	KUNIT_CASE(step6__of_a_crossing_syn),
	{ }
};

static struct kunit_suite urgent_suite = {
	.name = "xtcp_urgent",
	.test_cases = urgent_cases,
};

kunit_test_suite(urgent_suite);
