// SPDX-License-Identifier: GPL-2.0
/*
 * When the memory of all sockets together is short: what can be had again, text ahead of
 * order, is given up by all; orphans with much to send end.
 */

#include <linux/workqueue.h>
#include <xtcp/end.h>
#include <xtcp/flow.h>
#include <xtcp/memory.h>
#include <xtcp/output.h>
#include <xtcp/pages.h>
#include <xtcp/receive.h>
#include <xtcp/relief.h>
#include <xtcp/sock.h>

unsigned long xtcp_relief_pressure;

/* From the first sign of want to relief, and from one relief to the next. */
#define RELIEF_DELAY (HZ / 10)

/* RFC 9293 3.10.4 lets an orphan send what it has; but not at the cost of others. */
static void end_orphan(struct sock *sk)
{
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ABORT_ON_MEMORY);
	xtcp_output_rst(sk, XTCP_CNT_ABORT_ON_MEMORY);
	xtcp_fail(sk, 0);
}

static bool has_what_to_give(struct sock *sk)
{
	return !RB_EMPTY_ROOT(&xtcp_sk(sk)->rcv.ooo) || sock_flag(sk, SOCK_DEAD);
}

/* Who is in the middle of a call gives up when text comes (receive.c). */
static void relieve(struct sock *sk)
{
	if (xtcp_bypasses(sk) || !has_what_to_give(sk))
		return;
	local_bh_disable();
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk) && sk->sk_state != TCP_CLOSE) {
		xtcp_receive_give_up_ooo(sk);
		if (sock_flag(sk, SOCK_DEAD) && xtcp_memory_overdrawn(sk))
			end_orphan(sk);
	}
	bh_unlock_sock(sk);
	local_bh_enable();
}

/* The next flow of any namespace; if it is a socket, with a reference in @sk. */
static bool next_flow(unsigned int *bucket, unsigned int *skip, struct sock **sk)
{
	struct xtcp_flow *flow;

	*sk = NULL;
	rcu_read_lock();
	flow = xtcp_flow_next(NULL, bucket, skip);
	if (flow && flow->kind == XTCP_FLOW_SOCKET &&
	    refcount_inc_not_zero(&xtcp_flow_sk(flow)->sk_refcnt))
		*sk = xtcp_flow_sk(flow);
	rcu_read_unlock();
	return flow;
}

static void relieve_all(struct work_struct *work)
{
	unsigned int bucket = 0, skip = 0;
	struct sock *sk;

	xtcp_pages_give_back();
	while (READ_ONCE(xtcp_relief_pressure) && next_flow(&bucket, &skip, &sk)) {
		if (sk) {
			relieve(sk);
			sock_put(sk);
		}
		cond_resched();
	}
}

static DECLARE_DELAYED_WORK(relief, relieve_all);

void xtcp_relief_enter(struct sock *sk)
{
	if (!READ_ONCE(xtcp_relief_pressure))
		WRITE_ONCE(xtcp_relief_pressure, jiffies ?: 1);
	if (!delayed_work_pending(&relief))
		schedule_delayed_work(&relief, RELIEF_DELAY);
}

void xtcp_relief_leave(struct sock *sk)
{
	if (READ_ONCE(xtcp_relief_pressure))
		WRITE_ONCE(xtcp_relief_pressure, 0);
}

void xtcp_relief_exit(void)
{
	cancel_delayed_work_sync(&relief);
}
