// SPDX-License-Identifier: GPL-2.0
/*
 * The send queues: text not sent yet in sk_write_queue, sent and not acknowledged in
 * snd.rtx_queue; their memory, and what leaves them.
 */

#include <xtcp/header.h>
#include <xtcp/memory.h>
#include <xtcp/queue.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>

struct sk_buff *xtcp_queue_alloc(struct sock *sk, gfp_t gfp, bool force)
{
	struct sk_buff *skb = alloc_skb_fclone(XTCP_HEADROOM, gfp);

	if (!skb) {
		/* Others hear of it, too, and this one asks for less. */
		if (!xtcp_bypasses(sk))
			sk->sk_prot->enter_memory_pressure(sk);
		sk_stream_moderate_sndbuf(sk);
		return NULL;
	}
	skb->truesize = SKB_TRUESIZE(skb_end_offset(skb));
	if (force) {
		xtcp_memory_force(sk, skb->truesize);
	} else if (!sk_wmem_schedule(sk, skb->truesize)) {
		consume_skb(skb);
		return NULL;
	}
	skb_reserve(skb, XTCP_HEADROOM);
	skb->ip_summed = CHECKSUM_PARTIAL;
	sk_wmem_queued_add(sk, skb->truesize);
	sk_mem_charge(sk, skb->truesize);
	return skb;
}

void xtcp_queue_free(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -skb->truesize);
	sk_mem_uncharge(sk, skb->truesize);
	consume_skb(skb);
}

void xtcp_queue_limit(struct xtcp_sock *xs, u8 limit)
{
	struct xtcp_stats *stats = &xs->stats;

	if (limit == xs->snd.limit)
		return;
	if (xs->snd.limit)
		stats->limited[xs->snd.limit - 1] += (u32)jiffies - xs->snd.limit_since;
	xs->snd.limit = limit;
	xs->snd.limit_since = (u32)jiffies;
}

static void purge_queue(struct sock *sk, struct sk_buff_head *queue)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(queue)))
		xtcp_queue_free(sk, skb);
}

void xtcp_queue_purge(struct sock *sk)
{
	purge_queue(sk, &sk->sk_write_queue);
	purge_queue(sk, &xtcp_sk(sk)->snd.rtx_queue);
	xtcp_queue_limit(xtcp_sk(sk), XTCP_LIMIT_IDLE);
}

/* Sole ownership of the fragments. What was charged to the socket stays so. */
static int unclone(struct sk_buff *skb)
{
	unsigned int truesize = skb->truesize;
	int err = skb_unclone(skb, XTCP_GFP_QUIET);

	skb->truesize = truesize;
	return err;
}

/* The oldest under way, or the only one: it has to go. What follows waits for its ACK. */
static bool must_go(const struct xtcp_sock *xs, const struct sk_buff *skb)
{
	return skb_queue_empty(&xs->snd.rtx_queue) || skb == skb_peek(&xs->snd.rtx_queue);
}

/* Pieces cost many times their text: whoever has them cut small may not fill memory. */
static bool queue_too_costly(const struct sock *sk)
{
	s64 limit = (s64)sk->sk_sndbuf + 2 * SKB_TRUESIZE(GSO_LEGACY_MAX_SIZE);

	return sk->sk_wmem_queued / 2 > limit;
}

/*
 * Leave @len octets in @skb, the rest behind it in the same @queue. What must go goes,
 * also when a path became too narrow for it: no limit stops that.
 */
int xtcp_queue_split(struct sock *sk, struct sk_buff_head *queue, struct sk_buff *skb,
		     u32 len)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb), *rest_cb;
	u32 rest_len = skb->len - len;
	bool must = must_go(xtcp_sk(sk), skb);
	struct sk_buff *rest;

	if ((!must && queue_too_costly(sk)) || unclone(skb))
		return -ENOMEM;
	rest = xtcp_queue_alloc(sk, XTCP_GFP_QUIET, must);
	if (!rest)
		return -ENOMEM;
	skb_split(skb, rest, len);
	/* The text was charged with the old one. */
	rest->truesize += rest_len;
	skb->truesize -= rest_len;
	rest->skb_mstamp_ns = skb->skb_mstamp_ns;
	rest_cb = XTCP_SKB_CB(rest);
	*rest_cb = *cb;
	rest_cb->seq = cb->seq + len;
	cb->end_seq = rest_cb->seq;
	cb->ctl &= ~(XTCP_FIN | XTCP_PSH);
	__skb_queue_after(queue, skb, rest);
	return 0;
}

/*
 * Leave in @skb, the oldest, only what is acknowledged. False: nothing of it is,
 * or there is no memory; then it is sent again with the rest.
 */
static bool cut_off_acked(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 acked = xs->tcb.snd_una - XTCP_SKB_CB(skb)->seq;

	return (s32)acked > 0 && !xtcp_queue_split(sk, &xs->snd.rtx_queue, skb, acked);
}

u32 xtcp_queue_clean(struct sock *sk, u64 *sent_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	bool sent_twice = false;
	struct sk_buff *skb;
	u32 segments = 0;

	if (xtcp_seq_geq(xs->tcb.snd_una, xs->tcb.snd_up))
		xs->tcb.snd_urgent = false;
	*sent_ns = 0;
	WRITE_ONCE(xs->snd.starved, false);
	while ((skb = skb_peek(&xs->snd.rtx_queue))) {
		if (xtcp_seq_gt(XTCP_SKB_CB(skb)->end_seq, xs->tcb.snd_una) &&
		    !cut_off_acked(sk, skb))
			break;
		sent_twice |= XTCP_SKB_CB(skb)->retransmits > 0;
		*sent_ns = *sent_ns ?: skb->skb_mstamp_ns;
		segments++;
		__skb_unlink(skb, &xs->snd.rtx_queue);
		xtcp_queue_free(sk, skb);
	}
	/* What came behind one that was lost waited for it: no round trip, either. */
	if (sent_twice)
		*sent_ns = 0;
	xs->stats.delivered += segments;
	return segments;
}

/*
 * Room for a window on its way and one being written, at what a segment weighs: its
 * text, and as much again for pages half full, or what there is to an skb without.
 */
void xtcp_queue_grow_buffer(struct sock *sk)
{
	const struct xtcp_cong *cong = &xtcp_sk(sk)->cong;
	u32 most = xtcp_knob(xtcp_sk_net(sk), wmem_max);
	u32 weight = cong->mss + max_t(u32, cong->mss, 2 * SKB_TRUESIZE(XTCP_HEADROOM));
	u32 want = min_t(u64, 2ULL * DIV_ROUND_UP(cong->cwnd, cong->mss) * weight, most);

	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK) && want > sk->sk_sndbuf &&
	    !xtcp_memory_scarce(sk))
		WRITE_ONCE(sk->sk_sndbuf, want);
}
