// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of equal delay. A shard per CPU keeps the lock local; each shard has
 * one timer, for its head. What is stored is when a wait began, not when it
 * ends: the delay is a knob, and a new value holds at once for all that wait.
 *
 * The flow table comes first: an entry is queued once it is found there, and only
 * while it is. So none comes due that nobody can find yet, whatever CPU its shard's
 * timer runs on (that of a CPU which went away has moved), and none is queued by
 * one CPU after another one ended it.
 */

#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <xtcp/compat.h>
#include <xtcp/fifo.h>
#include <xtcp/flow.h>

struct xtcp_fifo_shard {
	spinlock_t lock;		/* queue and timer's arming; BH off */
	struct list_head queue;		/* by start_ns */
	struct hrtimer timer;
	struct xtcp_fifo *fifo;
	bool stopped;
};

static u64 due_at(const struct xtcp_fifo *fifo, const struct xtcp_fifo_entry *entry)
{
	return entry->start_ns + fifo->delay_ns(fifo);
}

/* For the head, but not before @earliest_ns. Shard lock held. */
static void arm(struct xtcp_fifo_shard *shard, u64 earliest_ns)
{
	struct xtcp_fifo_entry *head;
	u64 due_ns;

	head = list_first_entry_or_null(&shard->queue, struct xtcp_fifo_entry, link);
	if (!head || shard->stopped)
		return;
	due_ns = max(due_at(shard->fifo, head), earliest_ns);
	hrtimer_start(&shard->timer, ns_to_ktime(due_ns), HRTIMER_MODE_ABS_PINNED_SOFT);
}

/* The head, if it is due; after the end of the queue, any. */
static struct xtcp_fifo_entry *pop(struct xtcp_fifo_shard *shard)
{
	struct xtcp_fifo_entry *head;

	spin_lock_bh(&shard->lock);
	head = list_first_entry_or_null(&shard->queue, struct xtcp_fifo_entry, link);
	if (head && (shard->stopped ||
		     due_at(shard->fifo, head) <= ktime_get_ns()))
		list_del_init(&head->link);
	else
		head = NULL;
	spin_unlock_bh(&shard->lock);
	return head;
}

/* A batch of what is due. False: that was all. */
static bool run_batch(struct xtcp_fifo_shard *shard)
{
	struct xtcp_fifo_entry *entry;
	int n;

	/* An entry taken out lives until its grace period, whoever frees it. */
	for (n = 0; n < XTCP_FIFO_BATCH; n++) {
		rcu_read_lock();
		entry = pop(shard);
		if (entry)
			shard->fifo->due(shard->fifo, entry);
		rcu_read_unlock();
		if (!entry)
			return false;
	}
	return true;
}

static enum hrtimer_restart timer_fired(struct hrtimer *timer)
{
	struct xtcp_fifo_shard *shard = container_of(timer, struct xtcp_fifo_shard,
						     timer);
	u64 began_ns = ktime_get_ns(), now_ns, rest_ns = 0;

	/*
	 * A timer that is due already goes on in this very softirq. So rest as long as
	 * that batch took, and the CPU has half of its time for others.
	 */
	if (run_batch(shard)) {
		now_ns = ktime_get_ns();
		rest_ns = now_ns + max_t(u64, now_ns - began_ns, NSEC_PER_USEC);
	}
	spin_lock_bh(&shard->lock);
	arm(shard, rest_ns);
	spin_unlock_bh(&shard->lock);
	return HRTIMER_NORESTART;
}

void xtcp_fifo_prepare(struct xtcp_fifo_entry *entry, struct xtcp_flow *flow,
		       u64 start_ns)
{
	INIT_LIST_HEAD(&entry->link);
	entry->start_ns = start_ns;
	flow->cpu = raw_smp_processor_id();
}

bool xtcp_fifo_add(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry,
		   const struct xtcp_flow *flow)
{
	struct xtcp_fifo_shard *shard = per_cpu_ptr(fifo->shards, flow->cpu);
	bool queued;

	/* Who ends it unhashes it, takes this lock, and then overwrites the link. */
	spin_lock_bh(&shard->lock);
	queued = xtcp_flow_hashed(flow);
	if (queued) {
		list_add_tail(&entry->link, &shard->queue);
		if (list_is_first(&entry->link, &shard->queue))
			arm(shard, 0);
	}
	spin_unlock_bh(&shard->lock);
	return queued;
}

bool xtcp_fifo_del(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry,
		   const struct xtcp_flow *flow)
{
	struct xtcp_fifo_shard *shard = per_cpu_ptr(fifo->shards, flow->cpu);
	bool queued;

	/* The timer may fire for a head that left: it finds the next one. */
	spin_lock_bh(&shard->lock);
	queued = !list_empty(&entry->link);
	list_del_init(&entry->link);
	spin_unlock_bh(&shard->lock);
	return queued;
}

bool xtcp_fifo_restart(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry,
		       const struct xtcp_flow *flow)
{
	struct xtcp_fifo_shard *shard = per_cpu_ptr(fifo->shards, flow->cpu);
	bool queued;

	spin_lock_bh(&shard->lock);
	queued = xtcp_flow_hashed(flow) && !list_empty(&entry->link);
	if (queued) {
		entry->start_ns = ktime_get_ns();
		list_move_tail(&entry->link, &shard->queue);
	}
	spin_unlock_bh(&shard->lock);
	return queued;
}

/* On the shard's CPU, for there its timer is to stay. It looks by itself who is due. */
static void fire_now(void *shard)
{
	hrtimer_start(&((struct xtcp_fifo_shard *)shard)->timer, 0,
		      HRTIMER_MODE_ABS_PINNED_SOFT);
}

void xtcp_fifo_kick(struct xtcp_fifo *fifo)
{
	struct xtcp_fifo_shard *shard;
	int cpu;

	for_each_possible_cpu(cpu) {
		shard = per_cpu_ptr(fifo->shards, cpu);
		/* Whoever comes now asks for the new delay. */
		if (list_empty_careful(&shard->queue))
			continue;
		/* A CPU that is off has left its timers to others. */
		if (smp_call_function_single(cpu, fire_now, shard, true))
			fire_now(shard);
	}
}

u64 xtcp_fifo_left_ns(const struct xtcp_fifo *fifo,
		      const struct xtcp_fifo_entry *entry)
{
	u64 due = due_at(fifo, entry), now = ktime_get_ns();

	return due > now ? due - now : 0;
}

int xtcp_fifo_init(struct xtcp_fifo *fifo, struct xtcp_net *xn, u8 level,
		   u64 (*delay_ns)(const struct xtcp_fifo *fifo),
		   void (*due)(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry))
{
	struct xtcp_fifo_shard *shard;
	int cpu;

	fifo->xn = xn;
	fifo->level = level;
	fifo->delay_ns = delay_ns;
	fifo->due = due;
	fifo->shards = alloc_percpu(struct xtcp_fifo_shard);
	if (!fifo->shards)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		shard = per_cpu_ptr(fifo->shards, cpu);
		spin_lock_init(&shard->lock);
		INIT_LIST_HEAD(&shard->queue);
		shard->fifo = fifo;
		shard->stopped = false;
		hrtimer_setup(&shard->timer, timer_fired, CLOCK_MONOTONIC,
			      HRTIMER_MODE_ABS_PINNED_SOFT);
	}
	return 0;
}

void xtcp_fifo_exit(struct xtcp_fifo *fifo)
{
	struct xtcp_fifo_shard *shard;
	int cpu;

	if (!fifo->shards)
		return;
	for_each_possible_cpu(cpu) {
		shard = per_cpu_ptr(fifo->shards, cpu);
		spin_lock_bh(&shard->lock);
		shard->stopped = true;
		spin_unlock_bh(&shard->lock);
		hrtimer_cancel(&shard->timer);
		while (run_batch(shard))
			cond_resched();
	}
	free_percpu(fifo->shards);
	fifo->shards = NULL;
}
