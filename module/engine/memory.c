// SPDX-License-Identifier: GPL-2.0
/*
 * When the memory of all sockets together is short. Whoever holds little goes on:
 * its receive queue takes a segment when empty (receive.c), its send queues the
 * first page (socket/send.c). Buffers stop growing; what can be had again, text
 * ahead of order, is given up by all; orphans with much to send end.
 */

#include <linux/workqueue.h>
#include <xtcp/flow.h>
#include <xtcp/memory.h>
#include <xtcp/output.h>
#include <xtcp/receive.h>
#include <xtcp/sock.h>

/* From the first sign of want to relief, and from one relief to the next. */
#define RELIEF_DELAY (HZ / 10)

/*
 * As sk_forced_mem_schedule(), which is not exported. A stream whose send queue is
 * beyond its buffer is charged whatever the limits say, for it could not wait: let
 * it look like one. The cgroup, too, is charged without fail then.
 */
void xtcp_memory_force(struct sock *sk, int size)
{
	int queued = sk->sk_wmem_queued;

	size -= sk->sk_forward_alloc;
	if (size <= 0)
		return;
	WRITE_ONCE(sk->sk_wmem_queued, INT_MAX / 2);
	__sk_mem_schedule(sk, size, SK_MEM_SEND);
	WRITE_ONCE(sk->sk_wmem_queued, queued);
	/* Without the lock someone may have seen that, and wait for room now. */
	sk->sk_write_space(sk);
}

bool xtcp_memory_has(struct sock *sk, int size)
{
	size -= sk->sk_forward_alloc;
	return size <= 0 || __sk_mem_schedule(sk, size, SK_MEM_RECV);
}

bool xtcp_memory_scarce(const struct sock *sk)
{
	return sk_under_memory_pressure(sk) ||
	       sk_memory_allocated(sk) > sk_prot_mem_limits(sk, 0);
}

/* In want each may have its share, as when it asks for more; at the end a minimum. */
bool xtcp_memory_overdrawn(struct sock *sk)
{
	s64 limit = sk_prot_mem_limits(sk, 2);

	if (sk->sk_wmem_queued <= SOCK_MIN_SNDBUF)
		return false;
	if (sk_memory_allocated(sk) > limit)
		return true;
	return READ_ONCE(*sk->sk_prot->memory_pressure) &&
	       sk_sockets_allocated_read_positive(sk) *
	       sk_mem_pages(sk->sk_wmem_queued) > limit;
}

void xtcp_memory_accepted(struct sock *child)
{
	struct mem_cgroup *payer = xtcp_payer(child);
	int spare, held;

	if (!payer)
		return;
	lock_sock(child);
	spare = child->sk_forward_alloc;
	held = spare + atomic_read(&child->sk_rmem_alloc) + child->sk_wmem_queued;
	/* Given back by no one, taken again by the one who pays. */
	__sk_mem_reclaim(child, held);
	xtcp_set_payer(child, payer);
	xtcp_memory_force(child, spare);
	release_sock(child);
}

/* --- relief --------------------------------------------------------------- */

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
	if (!has_what_to_give(sk))
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

	while (READ_ONCE(*xtcp_prot.memory_pressure) && next_flow(&bucket, &skip, &sk)) {
		if (sk) {
			relieve(sk);
			sock_put(sk);
		}
		cond_resched();
	}
}

static DECLARE_DELAYED_WORK(relief, relieve_all);

void xtcp_memory_relieve(void)
{
	if (!delayed_work_pending(&relief))
		schedule_delayed_work(&relief, RELIEF_DELAY);
}

void xtcp_memory_exit(void)
{
	cancel_delayed_work_sync(&relief);
}
