/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Queues of things that all wait equally long: table/fifo.c. In each the first in is
 * the first due, so that a million of them need one timer and O(1) each.
 */
#ifndef _XTCP_FIFO_H
#define _XTCP_FIFO_H

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* How many entries one timer run takes before it lets others run. */
#define XTCP_FIFO_BATCH 256

struct xtcp_flow;
struct xtcp_fifo;

struct xtcp_fifo_entry {
	union {
		struct list_head link;	/* fifo->lock */
		struct rcu_head rcu;	/* once out of every table */
	};
	u64 start_ns;			/* when the wait began */
};

struct xtcp_fifo_ops {
	/* How long entries of this queue wait, now: read at every event. */
	u64 (*delay_ns)(const struct xtcp_fifo *fifo, unsigned int level);
	/*
	 * An entry came due, or the end of all has come (@fifo->stopped), and is out of
	 * its queue. Softirq or process context, under rcu_read_lock(), no locks held.
	 */
	void (*due)(struct xtcp_fifo *fifo, unsigned int level,
		    struct xtcp_fifo_entry *entry);
};

struct xtcp_fifo {
	spinlock_t lock;		/* all of it; BH off */
	bool stopped;			/* takes nothing more */
	u8 levels;			/* so many queues, each with its delay */
	unsigned int len;		/* of all together */
	u64 rest_ns;			/* after a full batch: none before; 0: it is not */
	struct list_head *queues;	/* by start_ns */
	const struct xtcp_fifo_ops *ops;
	struct hrtimer timer;
};

/* @queues: room for as many as @levels, which lives as long. */
void xtcp_fifo_init(struct xtcp_fifo *fifo, const struct xtcp_fifo_ops *ops,
		    struct list_head *queues, unsigned int levels);
/* Stops the timer for good; what still waits comes due now. Process context. */
void xtcp_fifo_exit(struct xtcp_fifo *fifo);

/* Before its flow can be found. @start_ns: when the wait began (ktime_get_ns()). */
void xtcp_fifo_prepare(struct xtcp_fifo_entry *entry, u64 start_ns);

/**
 * xtcp_fifo_add() - begin to wait
 * @fifo: its queues
 * @level: which of them; the others there began to wait before it
 * @entry: prepared; in no queue
 * @flow: which it belongs to, entered into the flow table
 *
 * Context: any but hard interrupt; RCU.
 * Return: false, and nothing is done: @flow has left the table already, or @fifo is
 * stopped.
 */
bool xtcp_fifo_add(struct xtcp_fifo *fifo, unsigned int level,
		   struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow);

/* Leave the queue early. False: it was in none: it came due, or was not added yet. */
bool xtcp_fifo_del(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry);

/**
 * xtcp_fifo_restart() - wait anew from now
 * @fifo: its queues
 * @level: which of them
 * @entry: found through the flow table, perhaps just leaving both
 * @flow: which it belongs to
 *
 * Context: any but hard interrupt; RCU.
 * Return: false: it has left the queue.
 */
bool xtcp_fifo_restart(struct xtcp_fifo *fifo, unsigned int level,
		       struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow);

/**
 * xtcp_fifo_move() - wait on in another queue
 * @fifo: its queues
 * @level: which of them
 * @entry: found through the flow table, perhaps just leaving both; in none it stays so
 * @flow: which it belongs to
 *
 * The wait began when it did, but not before that of those who are in that queue.
 * Context: any but hard interrupt; RCU.
 */
void xtcp_fifo_move(struct xtcp_fifo *fifo, unsigned int level,
		    struct xtcp_fifo_entry *entry, const struct xtcp_flow *flow);

/**
 * xtcp_fifo_oldest() - the first one of the highest level that will do
 * @fifo: its queues
 * @levels: of these, so many are looked at, from the lowest on
 * @will_do: asked of the first few of each
 *
 * Context: RCU. Return: NULL: there is none.
 */
struct xtcp_fifo_entry *xtcp_fifo_oldest(struct xtcp_fifo *fifo, unsigned int levels,
					 bool (*will_do)(const struct xtcp_fifo_entry *entry));

/* A delay changed: look again who is due. The timer comes to this CPU. */
void xtcp_fifo_kick(struct xtcp_fifo *fifo);

/* Time until @entry comes due, for /proc. */
u64 xtcp_fifo_left_ns(const struct xtcp_fifo *fifo, unsigned int level,
		      const struct xtcp_fifo_entry *entry);

#endif
