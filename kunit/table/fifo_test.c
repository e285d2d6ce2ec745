// SPDX-License-Identifier: GPL-2.0
/* table/fifo.c: in virtual time an entry comes due to the microsecond. */

#include <kunit/test.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <xtcp/compat.h>
#include <xtcp/fifo.h>
#include <xtcp/flow.h>

struct timed {
	struct xtcp_fifo_entry wait;
	u64 due_ns;		/* when due() was called, 0: not yet */
	unsigned int order;
	unsigned int level;	/* where it waited then */
	struct xtcp_flow flow;	/* what only stands for one in the flow table */
	unsigned int rounds;
};

#define LEVELS 3

struct world {
	struct xtcp_fifo fifo;
	struct list_head queues[LEVELS];
	u64 delay_ms;			/* of level 0, twice that of level 1, and so on */
	unsigned int came;
	unsigned int again;		/* so often each waits once more, from the same time on */
	struct timed one, two, three;	/* not on a stack: exit() looks at them */
};

static u64 delay_of(const struct xtcp_fifo *fifo, unsigned int level)
{
	return (container_of(fifo, struct world, fifo)->delay_ms << level) * NSEC_PER_MSEC;
}

static void came_due(struct xtcp_fifo *fifo, unsigned int level,
		     struct xtcp_fifo_entry *entry)
{
	struct world *world = container_of(fifo, struct world, fifo);
	struct timed *timed = container_of(entry, struct timed, wait);

	timed->level = level;
	timed->due_ns = ktime_get_ns();
	timed->order = ++world->came;
	if (timed->rounds++ < world->again)
		xtcp_fifo_add(fifo, level, &timed->wait, &timed->flow);
}

static const struct xtcp_fifo_ops ops = {
	.delay_ns	= delay_of,
	.due		= came_due,
};

static int fifo_init(struct kunit *test)
{
	struct world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);

	if (!world)
		return -ENOMEM;
	test->priv = world;
	world->delay_ms = 1000;
	xtcp_fifo_init(&world->fifo, &ops, world->queues, LEVELS);
	return 0;
}

static void fifo_exit(struct kunit *test)
{
	struct world *world = test->priv;

	if (world)
		xtcp_fifo_exit(&world->fifo);
}

/* Into the flow table, which this is enough of, and out of it. */
static void hash(struct timed *timed)
{
	timed->flow.node.pprev = &timed->flow.node.next;
}

static void unhash(struct timed *timed)
{
	timed->flow.node.pprev = NULL;
}

static bool add_since(struct world *world, unsigned int level, struct timed *timed,
		      u64 start_ns)
{
	xtcp_fifo_prepare(&timed->wait, start_ns);
	hash(timed);
	return xtcp_fifo_add(&world->fifo, level, &timed->wait, &timed->flow);
}

static void add_at(struct world *world, unsigned int level, struct timed *timed)
{
	add_since(world, level, timed, ktime_get_ns());
}

static void add(struct world *world, struct timed *timed)
{
	add_at(world, 0, timed);
}

static bool del(struct world *world, struct timed *timed)
{
	return xtcp_fifo_del(&world->fifo, &timed->wait);
}

static void sleep_ms(unsigned int ms)
{
	ktime_t until = ktime_add_ms(ktime_get(), ms);

	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
}

/* Waited exactly @ms, but for the price of reading the clock (virtual time). */
static void expect_waited(struct kunit *test, const struct timed *timed, u32 ms)
{
	u64 waited_us = div_u64(timed->due_ns - timed->wait.start_ns, NSEC_PER_USEC);

	KUNIT_ASSERT_NE(test, timed->due_ns, 0);
	KUNIT_EXPECT_GE(test, waited_us, ms * 1000);
	KUNIT_EXPECT_LE(test, waited_us, ms * 1000 + 20);
}

static void fifo_add__comes_due_exactly(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(999);
	KUNIT_EXPECT_EQ(test, world->came, 0);
	sleep_ms(2);
	KUNIT_EXPECT_EQ(test, world->came, 1);
	expect_waited(test, &world->one, 1000);
}

/* The queue arms one timer only: the second entry gets its own time after all. */
static void fifo_add__each_has_its_own_time(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(300);
	add(world, &world->two);
	sleep_ms(300);
	add(world, &world->three);
	sleep_ms(1100);
	expect_waited(test, &world->one, 1000);
	expect_waited(test, &world->two, 1000);
	expect_waited(test, &world->three, 1000);
	KUNIT_EXPECT_EQ(test, world->one.order, 1);
	KUNIT_EXPECT_EQ(test, world->two.order, 2);
	KUNIT_EXPECT_EQ(test, world->three.order, 3);
}

/* One timer for queues of different delays: who is due first has it. */
static void fifo_add__levels(struct kunit *test)
{
	struct world *world = test->priv;

	add_at(world, 2, &world->three);
	sleep_ms(100);
	add_at(world, 0, &world->one);
	sleep_ms(100);
	add_at(world, 1, &world->two);
	KUNIT_EXPECT_EQ(test, READ_ONCE(world->fifo.len), 3);
	sleep_ms(4000);
	expect_waited(test, &world->one, 1000);
	expect_waited(test, &world->two, 2000);
	expect_waited(test, &world->three, 4000);
	KUNIT_EXPECT_EQ(test, world->three.level, 2);
	KUNIT_EXPECT_EQ(test, READ_ONCE(world->fifo.len), 0);
}

/* More than one batch of the timer at the same moment. */
static void fifo_add__a_thousand_at_once(struct kunit *test)
{
	struct timed *many = kunit_kcalloc(test, 1000, sizeof(*many), GFP_KERNEL);
	struct world *world = test->priv;
	u64 now = ktime_get_ns();
	int i;

	KUNIT_ASSERT_NOT_NULL(test, many);
	for (i = 0; i < 1000; i++)
		add_since(world, 0, &many[i], now);
	sleep_ms(1001);
	KUNIT_EXPECT_EQ(test, world->came, 1000);
	KUNIT_EXPECT_EQ(test, many[0].order, 1);
	KUNIT_EXPECT_EQ(test, many[999].order, 1000);
	expect_waited(test, &many[999], 1000);
}

/* An hrtimer that came due just behind them, and how many had come by then. */
struct other {
	struct hrtimer timer;
	const struct world *world;
	unsigned int came;
};

static enum hrtimer_restart other_fired(struct hrtimer *timer)
{
	struct other *other = container_of(timer, struct other, timer);

	other->came = other->world->came;
	return HRTIMER_NORESTART;
}

/* @count begin to wait at once; how many have come when something else, due just behind them, has its turn. */
static unsigned int came_before_other(struct kunit *test, int count)
{
	struct timed *many = kunit_kcalloc(test, count, sizeof(*many), GFP_KERNEL);
	struct other *other = kunit_kzalloc(test, sizeof(*other), GFP_KERNEL);
	struct world *world = test->priv;
	u64 now = ktime_get_ns();
	int i;

	KUNIT_ASSERT_NOT_NULL(test, many);
	KUNIT_ASSERT_NOT_NULL(test, other);
	for (i = 0; i < count; i++)
		add_since(world, 0, &many[i], now);
	other->world = world;
	hrtimer_setup(&other->timer, other_fired, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	hrtimer_start(&other->timer, ns_to_ktime(now + world->delay_ms * NSEC_PER_MSEC + 1),
		      HRTIMER_MODE_ABS_SOFT);
	sleep_ms(1001);
	hrtimer_cancel(&other->timer);
	return other->came;
}

/* After a full batch others have their turn, on this CPU, before the rest. */
static void fifo_add__others_run_between_batches(struct kunit *test)
{
	struct world *world = test->priv;

	KUNIT_EXPECT_EQ(test, came_before_other(test, 1000), XTCP_FIFO_BATCH);
	KUNIT_EXPECT_EQ(test, world->came, 1000);
}

/* The same where each that comes due waits again, since long ago: retries to be made up for. */
static void fifo_add__others_run_between_rounds(struct kunit *test)
{
	struct world *world = test->priv;

	world->again = 3;
	KUNIT_EXPECT_EQ(test, came_before_other(test, XTCP_FIFO_BATCH), XTCP_FIFO_BATCH);
	KUNIT_EXPECT_EQ(test, world->came, 4 * XTCP_FIFO_BATCH);
}

/* Whom someone found, and ended, before it was queued: it stays out. */
static void fifo_add__not_once_it_left(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *one = &world->one;

	xtcp_fifo_prepare(&one->wait, ktime_get_ns());
	hash(one);
	KUNIT_EXPECT_FALSE(test, xtcp_fifo_restart(&world->fifo, 0, &one->wait, &one->flow));
	unhash(one);
	KUNIT_EXPECT_FALSE(test, del(world, one));
	KUNIT_EXPECT_FALSE(test, xtcp_fifo_add(&world->fifo, 0, &one->wait, &one->flow));
	sleep_ms(1500);
	KUNIT_EXPECT_EQ(test, world->came, 0);
}

/* The wait may have begun before it was entered. */
static void fifo_add__started_earlier(struct kunit *test)
{
	struct world *world = test->priv;

	add_since(world, 0, &world->one, ktime_get_ns() - 900 * NSEC_PER_MSEC);
	sleep_ms(101);
	expect_waited(test, &world->one, 1000);
}

static void fifo_add__again_after_due(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(1500);
	KUNIT_EXPECT_EQ(test, world->came, 1);
	add(world, &world->one);
	sleep_ms(1500);
	KUNIT_EXPECT_EQ(test, world->came, 2);
	expect_waited(test, &world->one, 1000);
}

static void fifo_del__never_due(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(100);
	add(world, &world->two);
	KUNIT_EXPECT_TRUE(test, del(world, &world->one));
	sleep_ms(2000);
	KUNIT_EXPECT_EQ(test, world->one.due_ns, 0);
	expect_waited(test, &world->two, 1000);
}

static void fifo_del__twice(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	KUNIT_EXPECT_TRUE(test, del(world, &world->one));
	KUNIT_EXPECT_FALSE(test, del(world, &world->one));
}

static void fifo_del__after_due(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(1001);
	KUNIT_EXPECT_EQ(test, world->came, 1);
	KUNIT_EXPECT_FALSE(test, del(world, &world->one));
}

/* The knob was turned down while they waited: due by the new value at once. */
static void fifo_kick__shorter_delay(struct kunit *test)
{
	struct world *world = test->priv;

	world->delay_ms = 60000;
	add(world, &world->one);
	sleep_ms(500);
	add(world, &world->two);
	sleep_ms(200);
	world->delay_ms = 600;
	xtcp_fifo_kick(&world->fifo);
	sleep_ms(1);
	KUNIT_EXPECT_EQ(test, world->came, 1);
	KUNIT_EXPECT_NE(test, world->one.due_ns, 0);
	sleep_ms(500);
	expect_waited(test, &world->two, 600);
}

/* Turned up: no one is due at the old time. */
static void fifo_kick__longer_delay(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(500);
	world->delay_ms = 3000;
	xtcp_fifo_kick(&world->fifo);
	sleep_ms(2000);
	KUNIT_EXPECT_EQ(test, world->came, 0);
	sleep_ms(501);
	expect_waited(test, &world->one, 3000);
}

/* Turned up without a kick: the timer fires at the old time and waits on. */
static void fifo_due__delay_grew_unnoticed(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	world->delay_ms = 1500;
	sleep_ms(1499);
	KUNIT_EXPECT_EQ(test, world->came, 0);
	sleep_ms(2);
	expect_waited(test, &world->one, 1500);
}

/* Who found it in the flow table while another CPU took it out must not queue it again. */
static void fifo_restart__only_while_hashed(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *one = &world->one;

	add(world, one);
	sleep_ms(400);
	KUNIT_EXPECT_TRUE(test, xtcp_fifo_restart(&world->fifo, 0, &one->wait, &one->flow));
	sleep_ms(700);
	KUNIT_EXPECT_EQ(test, world->came, 0);
	unhash(one);
	KUNIT_EXPECT_FALSE(test, xtcp_fifo_restart(&world->fifo, 0, &one->wait, &one->flow));
	sleep_ms(400);
	expect_waited(test, one, 1000);
}

/* Between two others: who was before it and who comes behind it wait as long as they should. */
static void fifo_restart__between_others(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *three = kunit_kcalloc(test, 3, sizeof(*three), GFP_KERNEL);
	struct timed *middle;

	KUNIT_ASSERT_NOT_NULL(test, three);
	middle = &three[1];
	add(world, &three[0]);
	sleep_ms(100);
	add(world, middle);
	sleep_ms(100);
	add(world, &three[2]);
	sleep_ms(100);
	KUNIT_EXPECT_TRUE(test, xtcp_fifo_restart(&world->fifo, 0, &middle->wait, &middle->flow));
	sleep_ms(950);			/* 1.250 */
	KUNIT_EXPECT_EQ(test, world->came, 2);
	expect_waited(test, &three[0], 1000);
	expect_waited(test, &three[2], 1000);
	sleep_ms(100);			/* 1.350 */
	KUNIT_EXPECT_EQ(test, world->came, 3);
	expect_waited(test, middle, 1000);
}

static void fifo_kick__empty(struct kunit *test)
{
	struct world *world = test->priv;

	xtcp_fifo_kick(&world->fifo);
	sleep_ms(2000);
	KUNIT_EXPECT_EQ(test, world->came, 0);
}

/* What waits still when all ends comes due then, and nothing waits afterwards. */
static void fifo_exit__all_come_due(struct kunit *test)
{
	struct timed *many = kunit_kcalloc(test, 1000, sizeof(*many), GFP_KERNEL);
	struct world *world = test->priv;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, many);
	for (i = 0; i < 1000; i++)
		add_at(world, i % LEVELS, &many[i]);
	xtcp_fifo_exit(&world->fifo);
	KUNIT_EXPECT_EQ(test, world->came, 1000);
	KUNIT_EXPECT_FALSE(test, add_since(world, 0, &world->one, ktime_get_ns()));
	xtcp_fifo_kick(&world->fifo);
	sleep_ms(2000);
	KUNIT_EXPECT_EQ(test, world->came, 1000);
}

/* In another queue, and since when it waits. */
static void fifo_move__keeps_its_time(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *one = &world->one;

	add(world, one);
	sleep_ms(600);
	xtcp_fifo_move(&world->fifo, 1, &one->wait, &one->flow);
	KUNIT_EXPECT_EQ(test, READ_ONCE(world->fifo.len), 1);
	sleep_ms(600);
	KUNIT_EXPECT_EQ(test, world->came, 0);
	sleep_ms(900);
	expect_waited(test, one, 2000);
	KUNIT_EXPECT_EQ(test, one->level, 1);
}

/* To where the wait is shorter: the timer knows. */
static void fifo_move__comes_due_earlier(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *one = &world->one;

	add_at(world, 2, one);
	sleep_ms(300);
	xtcp_fifo_move(&world->fifo, 0, &one->wait, &one->flow);
	sleep_ms(800);
	expect_waited(test, one, 1000);
}

/* Whose wait began before theirs comes due with them, and not before. */
static void fifo_move__behind_those_there(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *one = &world->one, *two = &world->two;

	add(world, one);
	sleep_ms(300);
	add_at(world, 1, two);
	sleep_ms(300);
	xtcp_fifo_move(&world->fifo, 1, &one->wait, &one->flow);
	KUNIT_EXPECT_EQ(test, one->wait.start_ns, two->wait.start_ns);
	sleep_ms(2000);
	expect_waited(test, one, 2000);
	expect_waited(test, two, 2000);
	KUNIT_EXPECT_EQ(test, two->order, 1);
	KUNIT_EXPECT_EQ(test, one->order, 2);
}

static void fifo_move__only_while_it_waits(struct kunit *test)
{
	struct world *world = test->priv;
	struct timed *one = &world->one;

	add(world, one);
	unhash(one);
	xtcp_fifo_move(&world->fifo, 1, &one->wait, &one->flow);
	KUNIT_EXPECT_TRUE(test, del(world, one));
	hash(one);
	xtcp_fifo_move(&world->fifo, 1, &one->wait, &one->flow);
	KUNIT_EXPECT_EQ(test, READ_ONCE(world->fifo.len), 0);
	sleep_ms(2500);
	KUNIT_EXPECT_EQ(test, world->came, 0);
}

static bool anyone(const struct xtcp_fifo_entry *entry)
{
	return true;
}

/* Of the highest queue that counts. */
static void fifo_oldest__of_some_levels(struct kunit *test)
{
	struct world *world = test->priv;

	add_at(world, 2, &world->three);
	KUNIT_EXPECT_NULL(test, xtcp_fifo_oldest(&world->fifo, 2, anyone));
	KUNIT_EXPECT_PTR_EQ(test, xtcp_fifo_oldest(&world->fifo, 3, anyone), &world->three.wait);
	add_at(world, 0, &world->one);
	KUNIT_EXPECT_PTR_EQ(test, xtcp_fifo_oldest(&world->fifo, 2, anyone), &world->one.wait);
	add_at(world, 1, &world->two);
	KUNIT_EXPECT_PTR_EQ(test, xtcp_fifo_oldest(&world->fifo, 2, anyone), &world->two.wait);
}

static void fifo_left_ns__counts_down(struct kunit *test)
{
	struct world *world = test->priv;

	add(world, &world->one);
	sleep_ms(250);
	KUNIT_EXPECT_LE(test, xtcp_fifo_left_ns(&world->fifo, 0, &world->one.wait),
			750 * NSEC_PER_MSEC);
	KUNIT_EXPECT_GT(test, xtcp_fifo_left_ns(&world->fifo, 0, &world->one.wait),
			749 * NSEC_PER_MSEC);
	sleep_ms(1000);
	KUNIT_EXPECT_EQ(test, xtcp_fifo_left_ns(&world->fifo, 0, &world->one.wait), 0);
}

static struct kunit_case fifo_cases[] = {
	KUNIT_CASE_SLOW(fifo_add__comes_due_exactly),
	KUNIT_CASE_SLOW(fifo_add__each_has_its_own_time),
	KUNIT_CASE_SLOW(fifo_add__levels),
	KUNIT_CASE_SLOW(fifo_add__a_thousand_at_once),
	KUNIT_CASE_SLOW(fifo_add__others_run_between_batches),
	KUNIT_CASE_SLOW(fifo_add__others_run_between_rounds),
	KUNIT_CASE_SLOW(fifo_add__not_once_it_left),
	KUNIT_CASE_SLOW(fifo_add__started_earlier),
	KUNIT_CASE_SLOW(fifo_add__again_after_due),
	KUNIT_CASE_SLOW(fifo_del__never_due),
	KUNIT_CASE_SLOW(fifo_del__twice),
	KUNIT_CASE_SLOW(fifo_del__after_due),
	KUNIT_CASE_SLOW(fifo_kick__shorter_delay),
	KUNIT_CASE_SLOW(fifo_kick__longer_delay),
	KUNIT_CASE_SLOW(fifo_kick__empty),
	KUNIT_CASE_SLOW(fifo_restart__only_while_hashed),
	KUNIT_CASE_SLOW(fifo_restart__between_others),
	KUNIT_CASE_SLOW(fifo_move__keeps_its_time),
	KUNIT_CASE_SLOW(fifo_move__comes_due_earlier),
	KUNIT_CASE_SLOW(fifo_move__behind_those_there),
	KUNIT_CASE_SLOW(fifo_move__only_while_it_waits),
	KUNIT_CASE_SLOW(fifo_oldest__of_some_levels),
	KUNIT_CASE_SLOW(fifo_due__delay_grew_unnoticed),
	KUNIT_CASE_SLOW(fifo_exit__all_come_due),
	KUNIT_CASE_SLOW(fifo_left_ns__counts_down),
	{ }
};

static struct kunit_suite fifo_suite = {
	.name = "xtcp_fifo",
	.init = fifo_init,
	.exit = fifo_exit,
	.test_cases = fifo_cases,
};

kunit_test_suite(fifo_suite);
