// SPDX-License-Identifier: GPL-2.0
/*
 * Queues, in each of which all wait equally long, under one lock and with one timer
 * for whoever is due first. What is stored is when a wait began, not when it ends: the
 * delay is a knob, and a new value holds at once for all that wait.
 *
 * The flow table comes first: an entry is queued once it is found there, and only
 * while it is. So none comes due that nobody can find yet, whatever CPU the timer
 * runs on (that of a CPU which went away has moved), and none is queued by one CPU
 * after another one ended it.
 */

#include <linux/hrtimer.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <xtcp/compat.h>
#include <xtcp/fifo.h>
#include <xtcp/flow.h>

static struct xtcp_fifo_entry *head_of(const struct xtcp_fifo *fifo, unsigned int level)
{
	return list_first_entry_or_null(&fifo->queues[level], struct xtcp_fifo_entry, link);
}

static u64 due_at(const struct xtcp_fifo *fifo, unsigned int level,
		  const struct xtcp_fifo_entry *entry)
{
	return entry->start_ns + fifo->ops->delay_ns(fifo, level);
}

/*
 * The timer fires then, or before, but not in its rest. While it runs, it is not
 * queued. Lock held.
 */
static void fire_by(struct xtcp_fifo *fifo, u64 due_ns)
{
	ktime_t due = ns_to_ktime(max(due_ns, fifo->rest_ns));

	if (!hrtimer_is_queued(&fifo->timer) || hrtimer_get_expires(&fifo->timer) > due)
		hrtimer_start(&fifo->timer, due, HRTIMER_MODE_ABS_PINNED_SOFT);
}

/* For who is due first. Lock held. */
static void arm(struct xtcp_fifo *fifo)
{
	struct xtcp_fifo_entry *head;
	u64 due_ns = U64_MAX;
	unsigned int level;

	if (fifo->stopped || !fifo->len)
		return;
	for (level = 0; level < fifo->levels; level++) {
		head = head_of(fifo, level);
		if (head)
			due_ns = min(due_ns, due_at(fifo, level, head));
	}
	fire_by(fifo, due_ns);
}

/* Lock held. */
static void take_out(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry)
{
	list_del_init(&entry->link);
	WRITE_ONCE(fifo->len, fifo->len - 1);
}

/* Someone who is due; after the end of the queues, anyone. */
static struct xtcp_fifo_entry *pop(struct xtcp_fifo *fifo, unsigned int *level)
{
	struct xtcp_fifo_entry *head = NULL;
	u64 now = ktime_get_ns();

	spin_lock_bh(&fifo->lock);
	for (*level = 0; *level < fifo->levels; (*level)++) {
		head = head_of(fifo, *level);
		if (head && (fifo->stopped || due_at(fifo, *level, head) <= now))
			break;
		head = NULL;
	}
	if (head)
		take_out(fifo, head);
	spin_unlock_bh(&fifo->lock);
	return head;
}

/* A batch of what is due. False: that was all. */
static bool run_batch(struct xtcp_fifo *fifo)
{
	struct xtcp_fifo_entry *entry;
	unsigned int level, n;

	/* An entry taken out lives until its grace period, whoever frees it. */
	for (n = 0; n < XTCP_FIFO_BATCH; n++) {
		rcu_read_lock();
		entry = pop(fifo, &level);
		if (entry)
			fifo->ops->due(fifo, level, entry);
		rcu_read_unlock();
		if (!entry)
			return false;
	}
	return true;
}

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct xtcp_fifo *fifo = container_of(timer, struct xtcp_fifo, timer);
	u64 began_ns = ktime_get_ns(), now_ns, rest_ns = 0;

	/*
	 * A timer that is due already goes on in this very softirq. So rest as long as
	 * that batch took, and the CPU has half of its time for others.
	 */
	if (run_batch(fifo)) {
		now_ns = ktime_get_ns();
		rest_ns = now_ns + max_t(u64, now_ns - began_ns, NSEC_PER_USEC);
	}
	spin_lock_bh(&fifo->lock);
	fifo->rest_ns = rest_ns;
	/* Who was due, and waits again already, may have set it to now. */
	if (rest_ns && hrtimer_is_queued(timer))
		hrtimer_start(timer, ns_to_ktime(rest_ns), HRTIMER_MODE_ABS_PINNED_SOFT);
	arm(fifo);
	spin_unlock_bh(&fifo->lock);
	return HRTIMER_NORESTART;
}

void xtcp_fifo_prepare(struct xtcp_fifo_entry *entry, u64 start_ns)
{
	INIT_LIST_HEAD(&entry->link);
	entry->start_ns = start_ns;
}

bool xtcp_fifo_add(struct xtcp_fifo *fifo, unsigned int level,
		   struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow)
{
	bool queued;

	/* Who ends it unhashes it, takes this lock, and then overwrites the link. */
	spin_lock_bh(&fifo->lock);
	queued = xtcp_flow_hashed(flow) && !fifo->stopped;
	if (queued) {
		list_add_tail(&entry->link, &fifo->queues[level]);
		WRITE_ONCE(fifo->len, fifo->len + 1);
		fire_by(fifo, due_at(fifo, level, entry));
	}
	spin_unlock_bh(&fifo->lock);
	return queued;
}

bool xtcp_fifo_del(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry)
{
	bool queued;

	/* The timer may fire for who left: it finds the next one. */
	spin_lock_bh(&fifo->lock);
	queued = !list_empty(&entry->link);
	if (queued)
		take_out(fifo, entry);
	spin_unlock_bh(&fifo->lock);
	return queued;
}

/* Does @entry wait? Who ends it unhashes @flow before the link is overwritten. Lock held. */
static bool waits(const struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow)
{
	return xtcp_flow_hashed(flow) && !list_empty(&entry->link);
}

bool xtcp_fifo_restart(struct xtcp_fifo *fifo, unsigned int level,
		       struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow)
{
	bool queued;

	spin_lock_bh(&fifo->lock);
	queued = waits(entry, flow);
	if (queued) {
		entry->start_ns = ktime_get_ns();
		list_move_tail(&entry->link, &fifo->queues[level]);
	}
	spin_unlock_bh(&fifo->lock);
	return queued;
}

void xtcp_fifo_move(struct xtcp_fifo *fifo, unsigned int level,
		    struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow)
{
	struct list_head *queue = &fifo->queues[level];

	spin_lock_bh(&fifo->lock);
	if (waits(entry, flow) && !fifo->stopped) {
		list_move_tail(&entry->link, queue);
		if (!list_is_first(&entry->link, queue))
			entry->start_ns = max(entry->start_ns,
					      list_prev_entry(entry, link)->start_ns);
		fire_by(fifo, due_at(fifo, level, entry));
	}
	spin_unlock_bh(&fifo->lock);
}

/* How many in front of a queue may not do before it is given up. */
#define OLDEST_TRIES 8

struct xtcp_fifo_entry *xtcp_fifo_oldest(struct xtcp_fifo *fifo, unsigned int levels,
					 bool (*will_do)(const struct xtcp_fifo_entry *entry))
{
	struct xtcp_fifo_entry *entry, *found = NULL;
	unsigned int tries;

	spin_lock_bh(&fifo->lock);
	while (!found && levels--) {
		tries = OLDEST_TRIES;
		list_for_each_entry(entry, &fifo->queues[levels], link) {
			if (will_do(entry))
				found = entry;
			if (found || !--tries)
				break;
		}
	}
	spin_unlock_bh(&fifo->lock);
	return found;
}

void xtcp_fifo_kick(struct xtcp_fifo *fifo)
{
	/* It looks by itself who is due. */
	spin_lock_bh(&fifo->lock);
	if (fifo->len && !fifo->stopped)
		fire_by(fifo, 0);
	spin_unlock_bh(&fifo->lock);
}

u64 xtcp_fifo_left_ns(const struct xtcp_fifo *fifo, unsigned int level,
		      const struct xtcp_fifo_entry *entry)
{
	u64 due = due_at(fifo, level, entry), now = ktime_get_ns();

	return due > now ? due - now : 0;
}

void xtcp_fifo_init(struct xtcp_fifo *fifo, const struct xtcp_fifo_ops *ops,
		    struct list_head *queues, unsigned int levels)
{
	unsigned int level;

	spin_lock_init(&fifo->lock);
	hrtimer_setup(&fifo->timer, timer_fired, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_PINNED_SOFT);
	fifo->ops = ops;
	fifo->queues = queues;
	fifo->levels = levels;
	fifo->len = 0;
	fifo->rest_ns = 0;
	fifo->stopped = false;
	for (level = 0; level < levels; level++)
		INIT_LIST_HEAD(&queues[level]);
}

void xtcp_fifo_exit(struct xtcp_fifo *fifo)
{
	spin_lock_bh(&fifo->lock);
	fifo->stopped = true;
	spin_unlock_bh(&fifo->lock);
	hrtimer_cancel(&fifo->timer);
	while (run_batch(fifo))
		cond_resched();
}
