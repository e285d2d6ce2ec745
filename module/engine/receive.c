// SPDX-License-Identifier: GPL-2.0
/*
 * Text on its way to the user: in order into sk_receive_queue, ahead of order
 * into rcv.ooo, a tree by sequence number. Socket lock.
 */

#include <linux/rbtree.h>
#include <xtcp/input.h>
#include <xtcp/receive.h>
#include <xtcp/sock.h>

/* An skb made by compacting holds that much. */
#define COMPACT_SIZE SKB_WITH_OVERHEAD(4096)

static struct sk_buff *first_ooo(const struct xtcp_sock *xs)
{
	return skb_rb_first(&xs->rcv.ooo);
}

static void unlink_ooo(struct xtcp_sock *xs, struct sk_buff *skb)
{
	rb_erase(&skb->rbnode, &xs->rcv.ooo);
	RB_CLEAR_NODE(&skb->rbnode);
	skb->next = NULL;
	skb->prev = NULL;
	skb->dev = NULL;		/* shares its place with the node */
}

void xtcp_receive_purge_ooo(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = first_ooo(xs))) {
		unlink_ooo(xs, skb);
		xtcp_input_drop(xtcp_sk_net(sk), skb, XTCP_DROP_UNREAD);
	}
}

void xtcp_receive_purge(struct sock *sk)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue)))
		xtcp_input_drop(xtcp_sk_net(sk), skb, XTCP_DROP_UNREAD);
	xtcp_receive_purge_ooo(sk);
}

/* --- room --------------------------------------------------------------- */

/* The farthest from order goes first: its sender has it still (RFC 2018 8). */
static void prune_ooo(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb;

	while (atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf / 2 &&
	       (skb = skb_rb_last(&xs->rcv.ooo))) {
		unlink_ooo(xs, skb);
		xtcp_input_drop(xtcp_sk_net(sk), skb, XTCP_DROP_PRUNED);
	}
}

/* The window counts on text filling half of what it costs (window.c). */
static bool wasteful(const struct sk_buff *skb)
{
	return skb->truesize > 2 * skb->len;
}

/* Unread text of @skb behind what precedes it. */
static u32 fresh_from(const struct sk_buff *skb, u32 seq)
{
	return max_t(s32, XTCP_SKB_CB(skb)->end_seq - seq, 0);
}

/* Move the text of the small skbs behind @to into it, as much as fits. */
static void gather(struct sock *sk, struct sk_buff *to)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(to);
	struct sk_buff *next;
	u32 len, offset;

	while (!skb_queue_is_last(&sk->sk_receive_queue, to)) {
		next = skb_queue_next(&sk->sk_receive_queue, to);
		len = fresh_from(next, cb->end_seq);
		if (!wasteful(next) || len > skb_tailroom(to))
			break;
		offset = cb->end_seq - XTCP_SKB_CB(next)->seq;
		if (len && skb_copy_bits(next, offset, skb_put(to, len), len))
			break;
		cb->end_seq += len;
		to->tstamp = next->tstamp ?: to->tstamp;
		__skb_unlink(next, &sk->sk_receive_queue);
		consume_skb(next);
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_RCV_COMPACTED);
	}
}

/* Charge @skb to @sk even beyond its limits. */
static void own_compacted(struct sock *sk, struct sk_buff *skb)
{
	xtcp_proto_force_charge(sk, skb->truesize);
	skb_set_owner_r(skb, sk);
}

/*
 * Small segments cost many times their text. Copy neighbours together, so that
 * the window, which promised room for text, keeps its promise.
 */
static void compact_queue(struct sock *sk)
{
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue), *to;

	while (skb) {
		if (wasteful(skb)) {
			to = alloc_skb(COMPACT_SIZE, GFP_ATOMIC);
			if (!to)
				return;
			*XTCP_SKB_CB(to) = *XTCP_SKB_CB(skb);
			XTCP_SKB_CB(to)->end_seq = XTCP_SKB_CB(to)->seq;
			__skb_queue_before(&sk->sk_receive_queue, skb, to);
			gather(sk, to);
			if (!to->len) {
				__skb_unlink(to, &sk->sk_receive_queue);
				consume_skb(to);
			} else {
				own_compacted(sk, to);
				skb = to;
			}
		}
		skb = skb_queue_is_last(&sk->sk_receive_queue, skb) ? NULL :
			skb_queue_next(&sk->sk_receive_queue, skb);
	}
}

static bool room_for(struct sock *sk, struct sk_buff *skb)
{
	return atomic_read(&sk->sk_rmem_alloc) <= sk->sk_rcvbuf &&
	       sk_rmem_schedule(sk, skb, skb->truesize);
}

static bool make_room(struct sock *sk, struct sk_buff *skb)
{
	if (room_for(sk, skb))
		return true;
	compact_queue(sk);
	if (room_for(sk, skb))
		return true;
	prune_ooo(sk);
	return room_for(sk, skb);
}

/* Charged at once: what the ACK in it frees may take the reservation along. */
bool xtcp_receive_admit(struct sock *sk, struct sk_buff *skb)
{
	if (!make_room(sk, skb))
		return false;
	skb_set_owner_r(skb, sk);
	return true;
}

/* --- in order ----------------------------------------------------------- */

/* Nothing lies behind end_seq. */
static bool all_text(const struct sk_buff *skb)
{
	return XTCP_SKB_CB(skb)->end_seq - XTCP_SKB_CB(skb)->seq == skb->len;
}

/* Hand @skb over to the tail of the queue, if the two can become one. */
static bool coalesce(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	bool fragstolen;
	int delta;

	if (!tail || XTCP_SKB_CB(tail)->end_seq != XTCP_SKB_CB(skb)->seq ||
	    !all_text(tail) || !all_text(skb) ||
	    !skb_try_coalesce(tail, skb, &fragstolen, &delta))
		return false;
	atomic_add(delta, &sk->sk_rmem_alloc);
	sk_mem_charge(sk, delta);
	XTCP_SKB_CB(tail)->end_seq = XTCP_SKB_CB(skb)->end_seq;
	/* SO_TIMESTAMP is about the last of what is read. */
	tail->tstamp = skb->tstamp ?: tail->tstamp;
	skb_orphan(skb);
	kfree_skb_partial(skb, fragstolen);
	return true;
}

static void queue_in_order(struct sock *sk, struct sk_buff *skb)
{
	if (coalesce(sk, skb))
		return;
	__skb_queue_tail(&sk->sk_receive_queue, skb);
}

/* Text, or only a FIN, that waited for the gap before it to close. */
static void drain_ooo(struct sock *sk, struct xtcp_verdict *v)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_tcb *tcb = &xs->tcb;
	struct sk_buff *skb;
	bool fin;

	while ((skb = first_ooo(xs)) &&
	       xtcp_seq_leq(XTCP_SKB_CB(skb)->seq, tcb->rcv_nxt)) {
		unlink_ooo(xs, skb);
		fin = (XTCP_SKB_CB(skb)->ctl & XTCP_FIN) &&
		      xtcp_seq_geq(XTCP_SKB_CB(skb)->end_seq, tcb->rcv_nxt);
		/* RFC 5681 4.2: filling a gap is told at once. */
		v->reply = XTCP_REPLY_ACK;
		if (xtcp_seq_gt(XTCP_SKB_CB(skb)->end_seq, tcb->rcv_nxt)) {
			xs->stats.bytes_received +=
				XTCP_SKB_CB(skb)->end_seq - tcb->rcv_nxt;
			tcb->rcv_nxt = XTCP_SKB_CB(skb)->end_seq;
			queue_in_order(sk, skb);
		} else {
			xtcp_input_drop(xtcp_sk_net(sk), skb,
					fin ? 0 : XTCP_DROP_DUPLICATE_TEXT);
		}
		if (fin) {
			xtcp_fin_arrives(tcb, v);
			return;
		}
	}
}

/* --- out of order ------------------------------------------------------- */

/* Does what is queued at @skb make @new superfluous? */
static bool covers(const struct sk_buff *skb, const struct sk_buff *new)
{
	const struct xtcp_skb_cb *a = XTCP_SKB_CB(skb), *b = XTCP_SKB_CB(new);

	return xtcp_seq_leq(a->seq, b->seq) && xtcp_seq_geq(a->end_seq, b->end_seq) &&
	       ((a->ctl & XTCP_FIN) || !(b->ctl & XTCP_FIN));
}

/* Drop what @new makes superfluous behind it. */
static void drop_covered(struct sock *sk, struct sk_buff *new)
{
	struct sk_buff *next;

	while ((next = skb_rb_next(new)) && covers(new, next)) {
		unlink_ooo(xtcp_sk(sk), next);
		xtcp_input_drop(xtcp_sk_net(sk), next, XTCP_DROP_DUPLICATE_TEXT);
	}
}

static void queue_out_of_order(struct sock *sk, struct sk_buff *new)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct rb_node **p = &xs->rcv.ooo.rb_node, *parent = NULL;
	struct sk_buff *skb;

	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_OUT_OF_ORDER);
	while (*p) {
		parent = *p;
		skb = rb_to_skb(parent);
		if (covers(skb, new)) {
			xtcp_input_drop(xtcp_sk_net(sk), new,
					XTCP_DROP_DUPLICATE_TEXT);
			return;
		}
		p = xtcp_seq_lt(XTCP_SKB_CB(new)->seq, XTCP_SKB_CB(skb)->seq) ?
			&parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&new->rbnode, parent, p);
	rb_insert_color(&new->rbnode, &xs->rcv.ooo);
	drop_covered(sk, new);
}

/*
 * Mark in @skb the text of the verdict. Octets before it are skipped on reading,
 * those behind end_seq are never read: nothing is copied, nothing can fail.
 */
static void mark_text(struct sk_buff *skb, const struct xtcp_verdict *v)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);

	__skb_pull(skb, tcp_hdr(skb)->doff * 4);
	cb->seq += !!(cb->ctl & XTCP_SYN);
	cb->end_seq = v->text_seq + v->text_len;
	if (!v->text_fin)
		cb->ctl &= ~XTCP_FIN;
}

/* The urgent octet may be here before the text in front of it. */
static void take_urgent_octet(struct sock *sk, const struct sk_buff *skb,
			      const struct xtcp_verdict *v)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 mark = xs->tcb.rcv_up - 1;

	if (xs->tcb.rcv_urgent != XTCP_URGENT_AWAITED ||
	    mark - v->text_seq >= v->text_len)
		return;
	skb_copy_bits(skb, mark - XTCP_SKB_CB(skb)->seq, &xs->rcv.urgent_octet, 1);
	WRITE_ONCE(xs->tcb.rcv_urgent, XTCP_URGENT_HERE);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/* A window of text came: a round trip at most, if the sender was busy. */
static void time_window(struct xtcp_sock *xs)
{
	u32 us = jiffies_to_usecs(max((u32)jiffies - xs->rcv.rtt_since, 1U));

	if (!xs->rcv.rtt_us || us < xs->rcv.rtt_us)
		xs->rcv.rtt_us = us;
	xs->rcv.rtt_since = (u32)jiffies;
	xs->rcv.rtt_seq = xs->tcb.rcv_nxt + xtcp_tcb_rcv_wnd(&xs->tcb);
}

void xtcp_receive_text(struct sock *sk, struct sk_buff *skb, struct xtcp_verdict *v)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	skb_dst_drop(skb);
	mark_text(skb, v);
	xs->stats.data_recv = (u32)jiffies;
	take_urgent_octet(sk, skb, v);
	/* What the device joined is several segments. */
	xs->rcv.mss = max_t(u32, xs->rcv.mss,
			    min_t(u32, skb_shinfo(skb)->gso_size ?: v->text_len, U16_MAX));
	if (v->events & XTCP_EV_OUT_OF_ORDER) {
		xs->stats.ooo++;
		queue_out_of_order(sk, skb);
		return;
	}
	xs->stats.bytes_received += v->text_len;
	queue_in_order(sk, skb);
	if (!(v->events & XTCP_EV_FIN))
		drain_ooo(sk, v);
	if (xtcp_seq_geq(xs->tcb.rcv_nxt, xs->rcv.rtt_seq))
		time_window(xs);
}

/* --- read --------------------------------------------------------------- */

bool xtcp_receive_at_mark(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return READ_ONCE(xs->tcb.rcv_urgent) &&
	       READ_ONCE(xs->tcb.rcv_up) - 1 == READ_ONCE(xs->rcv.copied_seq);
}

void xtcp_receive_consume(struct sock *sk, u32 seq)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 n = seq - xs->rcv.copied_seq;
	struct sk_buff *skb;

	WRITE_ONCE(xs->rcv.copied_seq, seq);
	sk_peek_offset_bwd(sk, n);
	if (xs->tcb.rcv_urgent && xtcp_seq_geq(seq, xs->tcb.rcv_up))
		WRITE_ONCE(xs->tcb.rcv_urgent, XTCP_URGENT_NONE);
	while ((skb = skb_peek(&sk->sk_receive_queue)) &&
	       xtcp_seq_leq(XTCP_SKB_CB(skb)->end_seq, seq))
		sk_eat_skb(sk, skb);
}
