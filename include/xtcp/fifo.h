/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A queue of things that all wait equally long: table/fifo.c. The first in is
 * the first due, so that a million of them need one timer and O(1) each.
 */
#ifndef _XTCP_FIFO_H
#define _XTCP_FIFO_H

#include <linux/list.h>
#include <linux/types.h>

/* How many entries one timer run takes before it lets others run. */
#define XTCP_FIFO_BATCH 256

struct xtcp_fifo_shard;
struct xtcp_flow;

struct xtcp_fifo_entry {
	union {
		struct list_head link;	/* shard lock */
		struct rcu_head rcu;	/* once out of every table */
	};
	u64 start_ns;			/* when the wait began */
};

struct xtcp_fifo {
	struct xtcp_fifo_shard __percpu *shards;
	/* How long entries of this queue wait, now: read at every event. */
	u64 (*delay_ns)(const struct xtcp_fifo *fifo);
	/*
	 * An entry came due and is out of the queue. Softirq, under
	 * rcu_read_lock(), no locks held.
	 */
	void (*due)(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry);
	struct xtcp_net *xn;
	u8 level;			/* for delay_ns(): which retry */
};

int xtcp_fifo_init(struct xtcp_fifo *fifo, struct xtcp_net *xn, u8 level,
		   u64 (*delay_ns)(const struct xtcp_fifo *fifo),
		   void (*due)(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry));
/* Stops the timers for good; what still waits comes due now. Process context. */
void xtcp_fifo_exit(struct xtcp_fifo *fifo);

/**
 * xtcp_fifo_prepare() - before anyone can find the flow
 * @entry: in no queue
 * @flow: which it belongs to; it will wait on this CPU
 * @start_ns: when the wait began (ktime_get_ns()), not before that of others
 */
void xtcp_fifo_prepare(struct xtcp_fifo_entry *entry, struct xtcp_flow *flow,
		       u64 start_ns);

/**
 * xtcp_fifo_add() - begin to wait
 * @fifo: the queue
 * @entry: prepared; in no queue
 * @flow: which it belongs to, entered into the flow table
 *
 * Context: any but hard interrupt; RCU.
 * Return: false: @flow has left the table already, and nothing is done.
 */
bool xtcp_fifo_add(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry,
		   const struct xtcp_flow *flow);

/* Leave the queue early. False: it was in none: it came due, or was not added yet. */
bool xtcp_fifo_del(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry,
		   const struct xtcp_flow *flow);

/**
 * xtcp_fifo_restart() - wait anew from now
 * @fifo: the queue
 * @entry: found through the flow table, perhaps just leaving both
 * @flow: which it belongs to
 *
 * Context: any but hard interrupt; RCU.
 * Return: false: it has left the queue.
 */
bool xtcp_fifo_restart(struct xtcp_fifo *fifo, struct xtcp_fifo_entry *entry,
		       const struct xtcp_flow *flow);

/* The delay of this queue changed: look again who is due. Process context. */
void xtcp_fifo_kick(struct xtcp_fifo *fifo);

/* Time until @entry comes due, for /proc. */
u64 xtcp_fifo_left_ns(const struct xtcp_fifo *fifo,
		      const struct xtcp_fifo_entry *entry);

#endif
