// SPDX-License-Identifier: GPL-2.0
/* The send queues: their links, their memory, what moves along them and what leaves them. */

#include <xtcp/header.h>
#include <xtcp/memory.h>
#include <xtcp/pages.h>
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

/* An skb that is in no queue any more. */
static void give_back(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -skb->truesize);
	sk_mem_uncharge(sk, skb->truesize);
	xtcp_pages_keep(skb);
	consume_skb(skb);
}

/* --- what is unsent ----------------------------------------------------------- */

void xtcp_queue_append(struct sock *sk, struct sk_buff *skb)
{
	u32 seq = xtcp_sk(sk)->snd.write_seq;

	*XTCP_SKB_CB(skb) = (struct xtcp_skb_cb){ .seq = seq, .end_seq = seq };
	__skb_queue_tail(&sk->sk_write_queue, skb);
}

void xtcp_queue_drop_last(struct sock *sk)
{
	give_back(sk, __skb_dequeue_tail(&sk->sk_write_queue));
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

/* --- what was sent ------------------------------------------------------------ */

u32 xtcp_queue_segments(const struct sk_buff *skb)
{
	u32 mss = XTCP_SKB_CB(skb)->mss;

	return skb->len > mss ? DIV_ROUND_UP(skb->len, mss) : 1;
}

static void link_sent(struct sock *sk, struct sk_buff *skb)
{
	struct rb_node **p = &sk->tcp_rtx_queue.rb_node, *parent = NULL;

	while (*p) {
		parent = *p;
		p = xtcp_seq_lt(XTCP_SKB_CB(skb)->seq, XTCP_SKB_CB(rb_to_skb(parent))->seq) ?
			&parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, p);
	rb_insert_color(&skb->rbnode, &sk->tcp_rtx_queue);
	xtcp_sk(sk)->snd.segments_out += xtcp_queue_segments(skb);
}

static void free_sent(struct sock *sk, struct sk_buff *skb)
{
	xtcp_sk(sk)->snd.segments_out -= xtcp_queue_segments(skb);
	rb_erase(&skb->rbnode, &sk->tcp_rtx_queue);
	give_back(sk, skb);
}

void xtcp_queue_sent(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_write_queue);
	XTCP_SKB_CB(skb)->mss = xtcp_sk(sk)->snd.mss;
	link_sent(sk, skb);
}

void xtcp_queue_sent_again(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_send *snd = &xtcp_sk(sk)->snd;

	snd->segments_out -= xtcp_queue_segments(skb);
	XTCP_SKB_CB(skb)->mss = snd->mss;
	snd->segments_out += xtcp_queue_segments(skb);
}

void xtcp_queue_purge(struct sock *sk)
{
	struct sk_buff *skb;

	while (xtcp_queue_unsent(sk))
		xtcp_queue_drop_last(sk);
	while ((skb = xtcp_queue_oldest(sk)))
		free_sent(sk, skb);
	xtcp_queue_limit(xtcp_sk(sk), XTCP_LIMIT_IDLE);
}

/* --- parts ---------------------------------------------------------------------- */

/* Sole ownership of the fragments. What was charged to the socket stays so. */
static int unclone(struct sk_buff *skb)
{
	unsigned int truesize = skb->truesize;
	int err = skb_unclone(skb, XTCP_GFP_QUIET);

	skb->truesize = truesize;
	return err;
}

/* The oldest under way, or the only one: it has to go. What follows waits for its ACK. */
static bool must_go(const struct sock *sk, const struct sk_buff *skb)
{
	const struct sk_buff *oldest = xtcp_queue_oldest(sk);

	return !oldest || skb == oldest;
}

/* Pieces cost many times their text: whoever has them cut small may not fill memory. */
static bool queue_too_costly(const struct sock *sk)
{
	s64 limit = (s64)sk->sk_sndbuf + 2 * SKB_TRUESIZE(GSO_LEGACY_MAX_SIZE);

	return sk->sk_wmem_queued / 2 > limit;
}

/* What of @skb is behind its first @len octets, in an skb of its own; NULL: no memory. */
static struct sk_buff *cut_off(struct sock *sk, struct sk_buff *skb, u32 len)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb), *rest_cb;
	u32 rest_len = skb->len - len;
	bool must = must_go(sk, skb);
	struct sk_buff *rest;

	if ((!must && queue_too_costly(sk)) || unclone(skb))
		return NULL;
	rest = xtcp_queue_alloc(sk, XTCP_GFP_QUIET, must);
	if (!rest)
		return NULL;
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
	cb->record_end = false;
	return rest;
}

int xtcp_queue_split(struct sock *sk, struct sk_buff *skb, u32 len)
{
	bool sent = XTCP_SKB_CB(skb)->mss;
	u32 segments = sent ? xtcp_queue_segments(skb) : 0;
	struct sk_buff *rest = cut_off(sk, skb, len);

	if (!rest)
		return -ENOMEM;
	if (sent) {
		xtcp_sk(sk)->snd.segments_out += xtcp_queue_segments(skb) - segments;
		link_sent(sk, rest);
	} else {
		__skb_queue_after(&sk->sk_write_queue, skb, rest);
	}
	return 0;
}

/* The first @len octets of the pages of @skb, which are its own. */
static void drop_front(struct sk_buff *skb, u32 len)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	int i, kept = 0;
	u32 size;

	skb->len -= len;
	skb->data_len -= len;
	for (i = 0; i < shinfo->nr_frags; i++) {
		size = skb_frag_size(&shinfo->frags[i]);
		if (size <= len) {
			put_page(skb_frag_page(&shinfo->frags[i]));
			len -= size;
			continue;
		}
		shinfo->frags[kept] = shinfo->frags[i];
		skb_frag_off_add(&shinfo->frags[kept], len);
		skb_frag_size_sub(&shinfo->frags[kept++], len);
		len = 0;
	}
	shinfo->nr_frags = kept;
}

/*
 * Leave in @skb, the oldest, only what is not acknowledged. False: nothing of it is, or
 * there is no memory; then it is sent again with the rest.
 */
static bool drop_acked(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 acked = xs->tcb.snd_una - XTCP_SKB_CB(skb)->seq;

	if ((s32)acked <= 0 || unclone(skb))
		return false;
	xs->snd.segments_out -= xtcp_queue_segments(skb);
	drop_front(skb, acked);
	XTCP_SKB_CB(skb)->seq = xs->tcb.snd_una;
	skb->truesize -= acked;
	sk_wmem_queued_add(sk, -(int)acked);
	sk_mem_uncharge(sk, acked);
	xs->snd.segments_out += xtcp_queue_segments(skb);
	return true;
}

/* What is known of @skb, of which something arrived: when it was sent, and whether once. */
static void note_sent(const struct sk_buff *skb, u64 *sent_ns, bool *sent_twice)
{
	*sent_twice |= XTCP_SKB_CB(skb)->retransmits > 0;
	*sent_ns = *sent_ns ?: skb->skb_mstamp_ns;
}

u32 xtcp_queue_clean(struct sock *sk, u64 *sent_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 before = xs->snd.segments_out;
	bool sent_twice = false;
	struct sk_buff *skb;

	if (xtcp_seq_geq(xs->tcb.snd_una, xs->tcb.snd_up))
		xs->tcb.snd_urgent = false;
	*sent_ns = 0;
	WRITE_ONCE(xs->snd.starved, false);
	while ((skb = xtcp_queue_oldest(sk)) &&
	       xtcp_seq_leq(XTCP_SKB_CB(skb)->end_seq, xs->tcb.snd_una)) {
		note_sent(skb, sent_ns, &sent_twice);
		free_sent(sk, skb);
	}
	if (skb && drop_acked(sk, skb))
		note_sent(skb, sent_ns, &sent_twice);
	/* What came behind one that was lost waited for it: no round trip, either. */
	if (sent_twice)
		*sent_ns = 0;
	xs->stats.delivered += before - xs->snd.segments_out;
	return before - xs->snd.segments_out;
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
