// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that sockets are charged with. When that of all together is short, whoever
 * holds little goes on: its receive queue takes a segment when empty (receive.c), its
 * send queues the first page (write.c). Buffers stop growing; more is given up in relief.c.
 */

#include <net/sock.h>
#include <xtcp/compat.h>
#include <xtcp/memory.h>

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
	       (!xtcp_bypasses(sk) && sk_memory_allocated(sk) > sk_prot_mem_limits(sk, 0));
}

/* In want each may have its share, as when it asks for more; at the end a minimum. */
bool xtcp_memory_overdrawn(struct sock *sk)
{
	s64 limit = sk_prot_mem_limits(sk, 2);

	if (sk->sk_wmem_queued <= SOCK_MIN_SNDBUF || xtcp_bypasses(sk))
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
