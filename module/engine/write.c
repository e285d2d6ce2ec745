// SPDX-License-Identifier: GPL-2.0
/* Text of the user goes into the send queue, and is charged to it. */

#include <net/sock.h>
#include <xtcp/memory.h>
#include <xtcp/pages.h>
#include <xtcp/queue.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/write.h>

/*
 * The skb that more text may go into: the last unsent, if neither full nor a record's end; a
 * segment's, if there is no room.
 */
struct sk_buff *xtcp_write_open_tail(const struct sock *sk)
{
	const struct xtcp_send *snd = &xtcp_sk(sk)->snd;
	struct sk_buff *skb = xtcp_queue_last_unsent(sk);

	if (!skb || XTCP_SKB_CB(skb)->record_end || skb->len >= snd->goal ||
	    (skb->len >= snd->mss && !sk_stream_memory_free(sk)))
		return NULL;
	return skb;
}

/*
 * What a sender may queue when there is no memory for anyone: so much that the ACK
 * of it lets him go on.
 */
static int minimum_left(struct sock *sk)
{
	return sk_get_wmem0(sk, sk->sk_prot) - sk->sk_wmem_queued;
}

/* Memory for @len octets of text, or for the first of them; 0: for none. */
static u32 afford(struct sock *sk, u32 len)
{
	int left;

	if (sk_wmem_schedule(sk, len))
		return len;
	left = minimum_left(sk);
	if (left <= 0) {
		WRITE_ONCE(xtcp_sk(sk)->snd.starved, true);
		return 0;
	}
	len = min_t(u32, len, left);
	xtcp_memory_force(sk, len);
	return len;
}

struct sk_buff *xtcp_write_new_tail(struct sock *sk)
{
	struct sk_buff *skb;

	if (!sk_stream_memory_free(sk))
		return NULL;
	skb = xtcp_queue_alloc(sk, sk->sk_allocation, minimum_left(sk) > 0);
	if (!skb) {
		WRITE_ONCE(xtcp_sk(sk)->snd.starved, sk->sk_wmem_queued > 0);
		return NULL;
	}
	xtcp_queue_append(sk, skb);
	return skb;
}

/* An skb that got no text after all must not stay. */
void xtcp_write_drop_empty(struct sock *sk)
{
	struct sk_buff *skb = xtcp_queue_last_unsent(sk);

	if (skb && !skb->len && !(XTCP_SKB_CB(skb)->ctl & XTCP_FIN))
		xtcp_queue_drop_last(sk);
}

/* @skb has @len octets more. */
static void written(struct sock *sk, struct sk_buff *skb, u32 len)
{
	XTCP_SKB_CB(skb)->end_seq += len;
	xtcp_sk(sk)->snd.write_seq += len;
}

/* Octets copied; 0: @skb takes no more fragments; -ENOBUFS, -EFAULT. */
int xtcp_write_append(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, u32 most)
{
	struct page_frag *pfrag = sk_page_frag(sk);
	int i = skb_shinfo(skb)->nr_frags;
	bool merge;
	u32 copy;
	int err;

	if (!xtcp_pages_refill(sk, pfrag))
		return -ENOBUFS;
	merge = skb_can_coalesce(skb, i, pfrag->page, pfrag->offset);
	if (!merge && i >= MAX_SKB_FRAGS)
		return 0;
	copy = min_t(u32, most - skb->len, msg_data_left(msg));
	copy = min_t(u32, copy, pfrag->size - pfrag->offset);
	copy = afford(sk, copy);
	if (!copy)
		return -ENOBUFS;
	err = skb_copy_to_page_nocache(sk, &msg->msg_iter, skb, pfrag->page,
				       pfrag->offset, copy);
	if (err)
		return err;
	if (merge) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], copy);
	} else {
		skb_fill_page_desc(skb, i, pfrag->page, pfrag->offset, copy);
		page_ref_inc(pfrag->page);
	}
	pfrag->offset += copy;
	written(sk, skb, copy);
	return copy;
}

/*
 * A sum that we make ourselves would be of a page as it was: who wrote to it meanwhile
 * makes it wrong, and the peer throws the segment away.
 */
bool xtcp_write_can_splice(struct sock *sk)
{
	const netdev_features_t need = NETIF_F_SG | NETIF_F_HW_CSUM;
	const struct dst_entry *dst;
	bool can;

	rcu_read_lock();
	dst = __sk_dst_get(sk);
	can = dst && (READ_ONCE(dst->dev)->features & need) == need;
	rcu_read_unlock();
	return can;
}

int xtcp_write_splice(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, u32 most)
{
	u32 len = afford(sk, min_t(u32, most - skb->len, msg_data_left(msg)));
	ssize_t n;

	if (!len)
		return -ENOBUFS;
	n = xtcp_splice(sk, skb, &msg->msg_iter, len);
	if (n < 0)
		return n == -EMSGSIZE ? 0 : n;
	if (!(msg->msg_flags & MSG_NO_SHARED_FRAGS))
		skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	sk_wmem_queued_add(sk, n);
	sk_mem_charge(sk, n);
	written(sk, skb, n);
	return n;
}

int xtcp_write_begin_zerocopy(struct sock *sk, struct msghdr *msg)
{
	if (!(msg->msg_flags & MSG_ZEROCOPY) || !sock_flag(sk, SOCK_ZEROCOPY) ||
	    msg->msg_ubuf || !msg_data_left(msg))
		return 0;
	msg->msg_ubuf = xtcp_zerocopy_begin(sk, msg_data_left(msg),
					    skb_zcopy(xtcp_queue_last_unsent(sk)));
	return msg->msg_ubuf ? 0 : -ENOBUFS;
}

void xtcp_write_end_zerocopy(struct msghdr *msg, int ret)
{
	if (ret > 0)
		net_zcopy_put(msg->msg_ubuf);
	else
		net_zcopy_put_abort(msg->msg_ubuf, true);
	msg->msg_ubuf = NULL;
}

/* What @skb weighs more than @before is gone from it again. */
static void uncharge(struct sock *sk, struct sk_buff *skb, u32 before)
{
	u32 more = skb->truesize - before;

	skb->truesize = before;
	sk_wmem_queued_add(sk, -(int)more);
	sk_mem_uncharge(sk, more);
}

int xtcp_write_zerocopy(struct sock *sk, struct sk_buff *skb, struct msghdr *msg, u32 most)
{
	u32 len = afford(sk, min_t(u32, most - skb->len, msg_data_left(msg)));
	u32 before = skb->truesize;
	int n;

	if (!len)
		return -ENOBUFS;
	n = xtcp_zerocopy(sk, skb, msg, len);
	/* Whole pages are charged, also to a call that failed and has none. */
	xtcp_memory_force(sk, 0);
	if (n < 0) {
		uncharge(sk, skb, before);
		return n == -EMSGSIZE || n == -EEXIST ? 0 : n;
	}
	written(sk, skb, n);
	return n;
}

bool xtcp_write_into_syn(struct sock *sk, struct msghdr *msg, u32 room)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb = xtcp_write_new_tail(sk);

	if (!skb)
		return false;
	while (!xtcp_write_begin_zerocopy(sk, msg) && skb->len < room && msg_data_left(msg) &&
	       xtcp_write_append(sk, skb, msg, room) > 0)
		;
	if (!skb->len) {
		xtcp_write_end_zerocopy(msg, 0);
		xtcp_write_drop_empty(sk);
		return false;
	}
	/* A copy, but the user hears of it when it is acknowledged, as of the rest. */
	skb_zcopy_set(skb, msg->msg_ubuf, NULL);
	xtcp_queue_sent(sk, skb);
	XTCP_SKB_CB(skb)->ctl |= XTCP_PSH;	/* should it go by itself after all */
	xs->tcb.snd_nxt = xs->snd.write_seq;
	return true;
}
