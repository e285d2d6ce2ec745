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
	u32 ts_offset;
	u32 mark;
	u16 rcv_wnd;			/* as on the wire */
};

/**
 * xtcp_timewait_enter() - the socket's connection goes on as a record
 * @sk: socket whose state became TIME_WAIT; it is done afterwards
 *
 * With max_tw records already, none is made and the connection just ends.
 * Context: socket lock, softirq or process.
 */
void xtcp_timewait_enter(struct sock *sk);

/* A segment for a record. Softirq, RCU. Eats @skb. */
void xtcp_timewait_input(struct xtcp_time_wait *tw, struct sk_buff *skb,
			 const struct xtcp_flow_key *key);

int xtcp_timewait_init(struct xtcp_net *xn);
/* Drops all records of the namespace. */
void xtcp_timewait_exit(struct xtcp_net *xn);
int xtcp_timewait_cache_init(void);
void xtcp_timewait_cache_exit(void);

#endif
