// SPDX-License-Identifier: GPL-2.0
/* Header prediction, segment/predict.c: the short way ends where the long one does. */

#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <xtcp/tcb.h>

#define ROUNDS	1000000U
#define DAY_US	86400000000ULL
#define NOW_US	(400 * DAY_US)

struct dice {
	struct rnd_state state;
};

static u32 roll(struct dice *dice, u32 sides)
{
	return prandom_u32_state(&dice->state) % sides;
}

/* Once in @sides times. */
static bool rarely(struct dice *dice, u32 sides)
{
	return !roll(dice, sides);
}

/* 0, an octet, less than a segment or than a window: what numbers differ by. */
static u32 distance(struct dice *dice)
{
	static const u32 below[] = { 1, 1, 1, 2, 2, 1461, 1461, 1U << 20 };

	return roll(dice, below[roll(dice, ARRAY_SIZE(below))]);
}

/* As a rule at @there or behind it. */
static u32 near(struct dice *dice, u32 there)
{
	return rarely(dice, 8) ? there - distance(dice) : there + distance(dice);
}

/* As a rule there itself. */
static u32 at(struct dice *dice, u32 there)
{
	return rarely(dice, 8) ? near(dice, there) : there;
}

static u8 any_state(struct dice *dice)
{
	return rarely(dice, 12) ? 1 + roll(dice, XTCP_STATES - 1) : XTCP_ESTABLISHED;
}

static void send_variables(struct dice *dice, struct xtcp_tcb *tcb)
{
	tcb->snd_wscale = roll(dice, XTCP_WSCALE_MAX + 1);
	tcb->snd_mss = 1460;
	tcb->snd_urgent = rarely(dice, 8);
	tcb->snd_una = roll(dice, U32_MAX);
	tcb->snd_nxt = tcb->snd_una + distance(dice);
	tcb->iss = tcb->snd_una - 1 - distance(dice);
	tcb->snd_wnd = roll(dice, XTCP_WINDOW_MAX + 1) << tcb->snd_wscale;
	tcb->snd_wnd_max = tcb->snd_wnd + distance(dice);
	tcb->snd_wl2 = tcb->snd_una - distance(dice);
	tcb->snd_up = near(dice, tcb->snd_una);
}

static void receive_variables(struct dice *dice, struct xtcp_tcb *tcb)
{
	tcb->rcv_wscale = roll(dice, XTCP_WSCALE_MAX + 1);
	tcb->rcv_urgent = rarely(dice, 4) ? roll(dice, XTCP_URGENT_READ + 1) : XTCP_URGENT_NONE;
	tcb->rcv_nxt = roll(dice, U32_MAX);
	tcb->irs = tcb->rcv_nxt - 1 - distance(dice);
	tcb->rcv_adv = rarely(dice, 4) ? near(dice, tcb->rcv_nxt) : tcb->rcv_nxt + 65535;
	tcb->rcv_up = near(dice, tcb->rcv_nxt);
	tcb->last_ack_sent = tcb->rcv_nxt - distance(dice);
	tcb->snd_wl1 = rarely(dice, 8) ? near(dice, tcb->rcv_nxt) : tcb->last_ack_sent;
	tcb->ts_recent = roll(dice, U32_MAX);
	tcb->ts_recent_us = NOW_US - (rarely(dice, 4) ? 30 * DAY_US : distance(dice));
	tcb->paws_idle_us = rarely(dice, 4) ? 0 : 24 * DAY_US;
}

static void any_tcb(struct dice *dice, struct xtcp_tcb *tcb)
{
	memset(tcb, 0, sizeof(*tcb));
	tcb->state = any_state(dice);
	tcb->passive = roll(dice, 2);
	tcb->close_queued = rarely(dice, 8);
	tcb->fin_sent = rarely(dice, 8);
	tcb->rcv_closed = rarely(dice, 8);
	tcb->rst_ignored = roll(dice, 2);
	tcb->ts_ok = !rarely(dice, 4);
	tcb->wscale_ok = roll(dice, 2);
	tcb->sack_ok = roll(dice, 2);
	send_variables(dice, tcb);
	receive_variables(dice, tcb);
}

static void any_options(struct dice *dice, const struct xtcp_tcb *tcb, struct xtcp_options *opt)
{
	opt->has_ts = rarely(dice, 16) ? !tcb->ts_ok : tcb->ts_ok;
	opt->tsval = near(dice, tcb->ts_recent);
	opt->tsecr = roll(dice, U32_MAX);
	if (!rarely(dice, 16))
		return;
	opt->mss = roll(dice, U16_MAX);
	opt->has_wscale = roll(dice, 2);
	opt->wscale = roll(dice, XTCP_WSCALE_MAX + 1);
	opt->sack_perm = roll(dice, 2);
}

/* Of all that is under way, or some of it; of nothing, or too much. */
static u32 any_ack(struct dice *dice, const struct xtcp_tcb *tcb)
{
	switch (roll(dice, 4)) {
	case 0:
		return near(dice, tcb->snd_una);
	case 1:
		return at(dice, tcb->snd_una);
	default:
		return at(dice, tcb->snd_nxt);
	}
}

static void any_segment(struct dice *dice, const struct xtcp_tcb *tcb,
			struct xtcp_segment *seg)
{
	memset(seg, 0, sizeof(*seg));
	seg->seq = at(dice, tcb->rcv_nxt);
	seg->ack = any_ack(dice, tcb);
	seg->text_len = roll(dice, 2) ? min(distance(dice), 65535U) : 0;
	seg->wnd = roll(dice, 2) ? tcb->snd_wnd >> tcb->snd_wscale :
				   roll(dice, XTCP_WINDOW_MAX + 1);
	seg->up = rarely(dice, 8) ? roll(dice, U16_MAX) : 0;
	seg->ctl = rarely(dice, 12) ? roll(dice, U8_MAX + 1) :
		   roll(dice, 2) ? XTCP_ACK : XTCP_ACK | XTCP_PSH;
	any_options(dice, tcb, &seg->opt);
}

/* But for what lies between its fields. */
static bool same_verdict(const struct xtcp_verdict *a, const struct xtcp_verdict *b)
{
	/* A new field has to be compared here as well. */
	static_assert(sizeof(*a) == 28);

	return a->state == b->state && a->reply == b->reply && a->events == b->events &&
	       a->drop == b->drop && a->error == b->error && a->acked == b->acked &&
	       a->text_seq == b->text_seq && a->text_len == b->text_len &&
	       a->text_fin == b->text_fin;
}

static void expect_same(struct kunit *test, u32 i, const struct xtcp_tcb *before,
			const struct xtcp_segment *seg, bool *short_way)
{
	struct xtcp_tcb by_short = *before, by_long = *before;
	struct xtcp_verdict v_short, v_long;

	*short_way = xtcp_segment_predict(&by_short, seg, NOW_US, &v_short);
	if (!*short_way) {
		KUNIT_ASSERT_TRUE_MSG(test, !memcmp(&by_short, before, sizeof(by_short)),
				      "%u: not predicted, but changed", i);
		return;
	}
	xtcp_segment_arrives(&by_long, seg, NOW_US, &v_long);
	KUNIT_ASSERT_TRUE_MSG(test, !memcmp(&by_short, &by_long, sizeof(by_short)),
			      "%u: another control block: una %u %u wnd %u %u nxt %u %u", i,
			      by_short.snd_una, by_long.snd_una, by_short.snd_wnd,
			      by_long.snd_wnd, by_short.rcv_nxt, by_long.rcv_nxt);
	KUNIT_ASSERT_TRUE_MSG(test, same_verdict(&v_short, &v_long),
			      "%u: another verdict: events %x %x drop %u reply %u", i,
			      v_short.events, v_long.events, v_long.drop, v_long.reply);
}

static void predict__as_the_long_way(struct kunit *test)
{
	u32 i, short_ways = 0, seen = 0;
	struct xtcp_segment seg;
	struct xtcp_tcb tcb;
	struct dice dice;
	bool short_way;

	prandom_seed_state(&dice.state, 7941);
	for (i = 0; i < ROUNDS; i++) {
		any_tcb(&dice, &tcb);
		any_segment(&dice, &tcb, &seg);
		expect_same(test, i, &tcb, &seg, &short_way);
		short_ways += short_way;
		seen |= short_way ? 1U << !!seg.text_len << 2 * (seg.ack != tcb.snd_una) : 0;
		cond_resched();
	}
	kunit_info(test, "%u of %u segments took the short way", short_ways, ROUNDS);
	KUNIT_EXPECT_GT(test, short_ways, ROUNDS / 10);
	/* With text and without, with an ACK of something and of nothing. */
	KUNIT_EXPECT_EQ(test, seen, 0xfU);
}

struct row {
	const char *what;
	void (*change)(struct xtcp_tcb *tcb, struct xtcp_segment *seg);
	bool usual;
};

static void as_it_is(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
}

static void only_ack(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->text_len = 0;
}

static void only_text(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->ack = tcb->snd_una;
}

static void other_window(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->wnd /= 2;
}

static void duplicate(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->text_len = 0;
	seg->ack = tcb->snd_una;
}

static void next_but_one(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->seq++;
}

static void fin(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->ctl |= XTCP_FIN;
}

static void urgent(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->ctl |= XTCP_URG;
}

static void old_timestamp(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->opt.tsval = tcb->ts_recent - 1;
}

static void no_timestamp(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->opt.has_ts = 0;
}

static void beyond_window(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	tcb->rcv_adv = tcb->rcv_nxt + seg->text_len - 1;
}

static void not_sent(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->ack = tcb->snd_nxt + 1;
}

static void old_ack(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	seg->ack = tcb->snd_una - 1;
}

static void no_reader(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	tcb->rcv_closed = 1;
}

static void half_closed(struct xtcp_tcb *tcb, struct xtcp_segment *seg)
{
	tcb->state = XTCP_FIN_WAIT_1;
}

static const struct row rows[] = {
	{ "text that acknowledges", as_it_is, true },
	{ "an ACK alone", only_ack, true },
	{ "text alone", only_text, true },
	{ "with another window", other_window, true },
	{ "a duplicate ACK", duplicate },
	{ "not the next one", next_but_one },
	{ "FIN", fin },
	{ "URG", urgent },
	{ "an old timestamp", old_timestamp },
	{ "no timestamp", no_timestamp },
	{ "text beyond the window", beyond_window },
	{ "an ACK of what was not sent", not_sent },
	{ "an old ACK", old_ack },
	{ "no one reads", no_reader },
	{ "our side is closed", half_closed },
};

static void row_desc(const struct row *row, char *desc)
{
	strscpy(desc, row->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_desc);

static void predict__what_is_usual(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct xtcp_tcb tcb = {
		.state = XTCP_ESTABLISHED, .ts_ok = 1, .ts_recent = 70,
		.iss = 1000, .snd_una = 2000, .snd_nxt = 3000, .snd_wnd = 5000,
		.snd_wnd_max = 5000, .snd_wl1 = 9000, .snd_wl2 = 2000, .irs = 8999,
		.rcv_nxt = 9000, .rcv_adv = 9500, .last_ack_sent = 9000,
	};
	struct xtcp_segment seg = {
		.seq = 9000, .ack = 2500, .wnd = 5000, .text_len = 100,
		.ctl = XTCP_ACK | XTCP_PSH, .opt = { .has_ts = 1, .tsval = 70 },
	};
	bool short_way;

	row->change(&tcb, &seg);
	expect_same(test, 0, &tcb, &seg, &short_way);
	KUNIT_EXPECT_EQ(test, short_way, row->usual);
}

static struct kunit_case predict_cases[] = {
	KUNIT_CASE(predict__as_the_long_way),
	KUNIT_CASE_PARAM(predict__what_is_usual, row_gen_params),
	{ }
};

static struct kunit_suite predict_suite = {
	.name = "xtcp_predict",
	.test_cases = predict_cases,
};

kunit_test_suite(predict_suite);
