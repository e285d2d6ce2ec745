/* SPDX-License-Identifier: GPL-2.0 */
/* The send queues: engine/queue.c. Under the socket lock. */
#ifndef _XTCP_QUEUE_H
#define _XTCP_QUEUE_H

#include <linux/skbuff.h>

struct sock;
struct xtcp_sock;

/**
 * xtcp_queue_alloc() - an empty skb for a send queue
 * @sk: socket, locked; charged
 * @gfp: may it sleep?
 * @force: whatever the limits of sockets say
 *
 * Return: with XTCP_HEADROOM reserved; NULL without memory.
 */
struct sk_buff *xtcp_queue_alloc(struct sock *sk, gfp_t gfp, bool force);
/* Give back an skb of the send or retransmission queue (already unlinked). */
void xtcp_queue_free(struct sock *sk, struct sk_buff *skb);
/**
 * xtcp_queue_split() - leave @len octets in @skb, the rest behind it
 * @sk: socket
 * @queue: the one that @skb is in
 * @skb: to be split
 * @len: less than it has
 *
 * What must go goes, also when a path became too narrow for it: no limit stops that.
 * Return: 0 or -ENOMEM.
 */
int xtcp_queue_split(struct sock *sk, struct sk_buff_head *queue, struct sk_buff *skb,
		     u32 len);

/**
 * xtcp_queue_clean() - drop from the retransmission queue what is acknowledged
 * @sk: socket; tcb.snd_una has moved
 * @sent_ns: set to when the oldest of them was sent; 0 if Karn forbids its use, for one
 *	of them was sent twice
 *
 * Return: so many segments.
 */
u32 xtcp_queue_clean(struct sock *sk, u64 *sent_ns);
/* cwnd has grown: let the send buffer follow, unless the user fixed it. */
void xtcp_queue_grow_buffer(struct sock *sk);
/* What holds the sender back from now on; for TCP_INFO. */
void xtcp_queue_limit(struct xtcp_sock *xs, u8 limit);
/* Throw away everything unsent and unacknowledged. */
void xtcp_queue_purge(struct sock *sk);

#endif
