/* SPDX-License-Identifier: GPL-2.0 */
/* TIME_WAIT without a socket: close/timewait.c. */
#ifndef _XTCP_TIMEWAIT_H
#define _XTCP_TIMEWAIT_H

#include <xtcp/af.h>
#include <xtcp/fifo.h>
#include <xtcp/tcb.h>

struct sock;

struct xtcp_time_wait {
	struct xtcp_flow flow;
	struct xtcp_fifo_entry wait;	/* for 2MSL */
	u32 snd_nxt;
	u32 rcv_nxt;
	u32 ts_recent;
	u32 mark;
	u32 priority;
	u16 rcv_wnd;			/* as on the wire */
	u16 answered;			/* invalid segments: xtcp_limit_answer() */
};

/**
 * xtcp_timewait_enter() - the connection goes on as a record, which needs no socket
 * @sk: socket whose state became TIME_WAIT; the caller ends it
 *
 * With max_tw records already, none is made.
 * Context: socket lock, softirq or process.
 */
void xtcp_timewait_enter(struct sock *sk);

/**
 * xtcp_timewait_take_over() - connect() takes the place of a record
 * @sk: socket, locked, its flow filled and in no table, its route known
 *
 * As tw_reuse and tw_reuse_delay_ms allow (RFC 6191). Sets tcb.iss above the
 * old numbers. Process context.
 * Return: true, and @sk is in the flow table; false: nothing was done.
 */
bool xtcp_timewait_take_over(struct sock *sk);

/**
 * xtcp_timewait_choose_queue() - give the TIME_WAIT of @sk a length of its own
 * @sk: socket, locked or not yet known to anyone
 * @msl_ms: half of it; XTCP_OWN_UNSET: the knob's
 *
 * With as many lengths as there are queues in this namespace, the next longer one of
 * those, the knob's among them. Any context.
 */
void xtcp_timewait_choose_queue(struct sock *sk, u32 msl_ms);
/* A child uses what its listener chose. */
void xtcp_timewait_share_queue(struct sock *child);
/* msl_ms changed: look again who is due. */
void xtcp_timewait_kick(struct xtcp_net *xn);
/* What is left of 2MSL, for /proc. RCU. */
u64 xtcp_timewait_left_ns(const struct xtcp_time_wait *tw);

/* When its time is over, or before: by RST, a new connection, the administrator. RCU. */
bool xtcp_timewait_drop(struct xtcp_time_wait *tw);

/**
 * xtcp_timewait_input() - a segment for a record
 * @tw: found under RCU
 * @skb: eaten if 0 is returned
 *
 * Softirq, RCU. Return: 0; or the ISN of a new life, for @skb is a SYN that may begin one
 * (RFC 6191), if someone listens: then the record is to be dropped; or else to refuse it.
 */
u32 xtcp_timewait_input(struct xtcp_time_wait *tw, struct sk_buff *skb);
/* Nobody takes that SYN: it is still TIME_WAIT. Eats @skb. */
void xtcp_timewait_refuse(struct xtcp_time_wait *tw, struct sk_buff *skb);

int xtcp_timewait_init(struct xtcp_net *xn);
/* Drops all records of the namespace. */
void xtcp_timewait_exit(struct xtcp_net *xn);
int xtcp_timewait_cache_init(void);
void xtcp_timewait_cache_exit(void);

#endif
