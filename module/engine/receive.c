// SPDX-License-Identifier: GPL-2.0
/*
 * Text on its way to the user: in order into sk_receive_queue, ahead of order
 * into rcv.ooo, a tree by sequence number. Socket lock.
 */

#include <linux/rbtree.h>
#include <xtcp/drop.h>
#include <xtcp/memory.h>
#include <xtcp/pages.h>
#include <xtcp/receive.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/window.h>

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
		xtcp_drop_segment(xtcp_sk_net(sk), skb, XTCP_DROP_UNREAD);
	}
}

void xtcp_receive_purge(struct sock *sk)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue)))
		xtcp_drop_segment(xtcp_sk_net(sk), skb, XTCP_DROP_UNREAD);
	xtcp_receive_purge_ooo(sk);
}

/* --- room --------------------------------------------------------------- */

/*
 * The farthest from order goes first: its sender has it still (RFC 2018 8). An
 * eighth of the buffer at most, nothing that is not behind @seq. False: nothing.
 */
static bool prune_ooo(struct sock *sk, u32 seq)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int goal = max(sk->sk_rcvbuf / 8, 1);
	bool pruned = false;
	struct sk_buff *skb;

	while (goal > 0 && (skb = skb_rb_last(&xs->rcv.ooo)) &&
	       xtcp_seq_gt(XTCP_SKB_CB(skb)->seq, seq)) {
		goal -= skb->truesize;
		pruned = true;
		unlink_ooo(xs, skb);
		xtcp_drop_segment(xtcp_sk_net(sk), skb, XTCP_DROP_PRUNED);
	}
	return pruned;
}

void xtcp_receive_give_up_ooo(struct sock *sk)
{
	while (prune_ooo(sk, xtcp_sk(sk)->tcb.rcv_nxt))
		;
}

/* Unread text of @skb behind what precedes it. */
static u32 fresh_from(const struct sk_buff *skb, u32 seq)
{
	return max_t(s32, XTCP_SKB_CB(skb)->end_seq - seq, 0);
}

static struct sk_buff *next_in(const struct sk_buff_head *queue, const struct sk_buff *skb)
{
	return skb_queue_is_last(queue, skb) ? NULL : skb_queue_next(queue, skb);
}

/* Where the text of @skb begins that none before it has: its seq may be of long ago. */
static u32 begins(const struct sk_buff_head *queue, const struct sk_buff *skb)
{
	return skb_queue_is_first(queue, skb) ? XTCP_SKB_CB(skb)->seq :
	       XTCP_SKB_CB(skb_queue_prev(queue, skb))->end_seq;
}

/* Neighbours in the receive queue that would cost less if their text was copied. */
struct run {
	struct sk_buff *first;
	struct sk_buff *end;		/* what follows, or NULL */
	u32 text, cost;
};

/* So much is copied at a time. */
#define RUN_TEXT (16 * COMPACT_SIZE)

/* Copied, text fills more than four fifths of what it costs: not worth it from three quarters on. */
static bool wasteful(const struct sk_buff *skb, u32 text)
{
	return skb->truesize - skb->truesize / 4 > text;
}

/* From @skb on; just that one, and no text, if it is as good as a copy. */
static void measure_run(const struct sk_buff_head *queue, struct sk_buff *skb,
			struct run *run)
{
	u32 seq = begins(queue, skb), text = fresh_from(skb, seq);

	*run = (struct run){ .first = skb };
	while (skb && run->text < RUN_TEXT && wasteful(skb, text)) {
		run->text += text;
		run->cost += skb->truesize;
		seq += text;
		skb = next_in(queue, skb);
		text = skb ? fresh_from(skb, seq) : 0;
	}
	run->end = skb == run->first ? next_in(queue, skb) : skb;
}

/* At least a quarter is saved. Behind the last of all there is to be room for more. */
static bool worth_copying(const struct run *run)
{
	u32 rest = run->text % COMPACT_SIZE;
	u32 cost = run->text / COMPACT_SIZE * SKB_TRUESIZE(COMPACT_SIZE);

	if (rest)
		cost += run->end ? SKB_TRUESIZE(rest) : SKB_TRUESIZE(COMPACT_SIZE);
	return cost <= run->cost - run->cost / 4;
}

/* Text of @skb from @seq on, as much as goes into the last of @copies. Octets, or -errno. */
static int copy_text(const struct sk_buff *skb, u32 seq, struct sk_buff_head *copies,
		     u32 size)
{
	struct sk_buff *to = skb_peek_tail(copies);
	u32 len;

	if (!to || !skb_tailroom(to)) {
		to = alloc_skb(size, XTCP_GFP_QUIET);
		if (!to)
			return -ENOMEM;
		*XTCP_SKB_CB(to) = *XTCP_SKB_CB(skb);
		XTCP_SKB_CB(to)->seq = seq;
		__skb_queue_tail(copies, to);
	}
	len = min_t(u32, fresh_from(skb, seq), skb_tailroom(to));
	if (skb_copy_bits(skb, seq - XTCP_SKB_CB(skb)->seq, skb_put(to, len), len))
		return -EFAULT;
	XTCP_SKB_CB(to)->end_seq = seq + len;
	to->tstamp = skb->tstamp ?: to->tstamp;
	return len;
}

/* All text of @run. False: no memory. */
static bool gather(const struct sk_buff_head *queue, const struct run *run,
		   struct sk_buff_head *copies)
{
	u32 seq = begins(queue, run->first), left = run->text;
	const struct sk_buff *skb = run->first;
	int len;

	for (; left; left -= len, seq += len) {
		while (!fresh_from(skb, seq))
			skb = skb_queue_next(queue, skb);
		len = copy_text(skb, seq, copies,
				run->end ? min_t(u32, left, COMPACT_SIZE) : COMPACT_SIZE);
		if (len < 0)
			return false;
	}
	return true;
}

/* Put @copies, which weigh less, in the place of @run. */
static void replace_run(struct sock *sk, const struct run *run, struct sk_buff_head *copies)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb, *next;

	/* Charged before the others are uncharged: they take what was theirs, and ask no limit. */
	skb_queue_walk(copies, skb)
		skb_set_owner_r(skb, sk);
	for (skb = run->first; skb != run->end; skb = next) {
		next = next_in(queue, skb);
		__skb_unlink(skb, queue);
		consume_skb(skb);
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_RCV_COMPACTED);
	}
	while ((skb = __skb_dequeue(copies))) {
		if (run->end)
			__skb_queue_before(queue, run->end, skb);
		else
			__skb_queue_tail(queue, skb);
	}
}

static u32 weight(const struct sk_buff_head *list)
{
	const struct sk_buff *skb;
	u32 sum = 0;

	skb_queue_walk(list, skb)
		sum += skb->truesize;
	return sum;
}

/* False: no memory. */
static bool compact_run(struct sock *sk, const struct run *run)
{
	struct sk_buff_head copies;
	bool done;

	__skb_queue_head_init(&copies);
	done = gather(&sk->sk_receive_queue, run, &copies);
	if (done && weight(&copies) < run->cost)
		replace_run(sk, run, &copies);
	else
		__skb_queue_purge(&copies);
	return done;
}

/* The first skb that was not looked at before, or to no avail. */
static struct sk_buff *not_compact(const struct sock *sk)
{
	struct sk_buff *skb, *first = NULL;

	skb_queue_reverse_walk(&sk->sk_receive_queue, skb) {
		if (xtcp_seq_leq(XTCP_SKB_CB(skb)->end_seq, xtcp_sk(sk)->rcv.compact_seq))
			break;
		first = skb;
	}
	return first;
}

/*
 * Small segments cost many times their text. Copy neighbours together where that
 * weighs less, once, so that the window, which promised room for text, keeps its
 * promise: whatever it came in, text in order then is at least half of its weight, but
 * for the last of it, which more may come to join. False: no memory to do so.
 */
static bool compact_queue(struct sock *sk)
{
	const struct sk_buff_head *queue = &sk->sk_receive_queue;
	u32 *compact_seq = &xtcp_sk(sk)->rcv.compact_seq;
	struct sk_buff *skb;
	struct run run;
	bool copy;

	for (skb = not_compact(sk); skb; skb = run.end) {
		measure_run(queue, skb, &run);
		copy = run.text && worth_copying(&run);
		if (copy && !compact_run(sk, &run))
			return false;
		*compact_seq = begins(queue, run.end ?: copy ? skb_peek_tail(queue) : skb);
	}
	return true;
}

static bool room_for(struct sock *sk, struct sk_buff *skb)
{
	return atomic_read(&sk->sk_rmem_alloc) <= sk->sk_rcvbuf &&
	       sk_rmem_schedule(sk, skb, skb->truesize);
}

/* Charged at once: what the ACK in it frees may take the reservation along. */
bool xtcp_receive_admit(struct sock *sk, struct sk_buff *skb)
{
	if (!room_for(sk, skb))
		return false;
	skb_set_owner_r(skb, sk);
	return true;
}

/*
 * In order it was promised: when the window was announced there was room in the buffer,
 * which may be smaller now. Only when memory has run out is it refused, and said so. But
 * not where nothing is queued that the user could read: the connection would stand still
 * for as long as others have all the memory.
 */
static bool keep_promise(struct sock *sk, struct sk_buff *skb, bool compact)
{
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;

	if (skb_queue_empty(&sk->sk_receive_queue)) {
		xtcp_memory_force(sk, skb->truesize);
		return true;
	}
	WRITE_ONCE(rcv->no_memory, !compact || !sk_rmem_schedule(sk, skb, skb->truesize));
	return !rcv->no_memory;
}

bool xtcp_receive_make_room(struct sock *sk, struct sk_buff *skb,
			    const struct xtcp_verdict *v)
{
	bool compact = compact_queue(sk);

	while (!room_for(sk, skb)) {
		if (prune_ooo(sk, v->text_seq))
			continue;
		if (!(v->events & XTCP_EV_TEXT) || !keep_promise(sk, skb, compact))
			return false;
		break;
	}
	skb_set_owner_r(skb, sk);
	return true;
}

/* --- in order ----------------------------------------------------------- */

/* Nothing lies behind end_seq. */
static bool all_text(const struct sk_buff *skb)
{
	return XTCP_SKB_CB(skb)->end_seq - XTCP_SKB_CB(skb)->seq == skb->len;
}

/* @skb was charged, and counts only @still from now on. As sock_rfree(), but once for both. */
static void uncharge(struct sock *sk, struct sk_buff *skb, u32 still)
{
	int less = skb->truesize - still;

	skb->destructor = NULL;
	skb->sk = NULL;
	atomic_sub(less, &sk->sk_rmem_alloc);
	sk_mem_uncharge(sk, less);
}

/* Hand @skb over to @before, if the two can become one; @weight: what it adds to that. */
static bool coalesce(struct sock *sk, struct sk_buff *before, struct sk_buff *skb,
		     u32 *weight)
{
	bool fragstolen;
	int delta;

	if (!before || XTCP_SKB_CB(before)->end_seq != XTCP_SKB_CB(skb)->seq ||
	    (XTCP_SKB_CB(before)->ctl & XTCP_FIN) || !all_text(before) || !all_text(skb) ||
	    !skb_try_coalesce(before, skb, &fragstolen, &delta))
		return false;
	uncharge(sk, skb, delta);
	*weight = delta;
	XTCP_SKB_CB(before)->end_seq = XTCP_SKB_CB(skb)->end_seq;
	XTCP_SKB_CB(before)->ctl |= XTCP_SKB_CB(skb)->ctl & XTCP_FIN;
	/* SO_TIMESTAMP is about the last of what is read. */
	before->tstamp = skb->tstamp ?: before->tstamp;
	kfree_skb_partial(skb, fragstolen);
	return true;
}

/* What it adds to the weight of the queue. */
static u32 queue_in_order(struct sock *sk, struct sk_buff *skb)
{
	u32 weight = skb->truesize;

	if (!coalesce(sk, skb_peek_tail(&sk->sk_receive_queue), skb, &weight))
		__skb_queue_tail(&sk->sk_receive_queue, skb);
	return weight;
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
			xtcp_drop_segment(xtcp_sk_net(sk), skb,
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
		xtcp_drop_segment(xtcp_sk_net(sk), next, XTCP_DROP_DUPLICATE_TEXT);
	}
}

/* What it adds to the weight of the queue. */
static u32 queue_out_of_order(struct sock *sk, struct sk_buff *new)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct rb_node **p = &xs->rcv.ooo.rb_node, *parent = NULL;
	struct sk_buff *skb, *before = NULL;
	u32 weight = new->truesize;

	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_OUT_OF_ORDER);
	while (*p) {
		parent = *p;
		skb = rb_to_skb(parent);
		if (covers(skb, new)) {
			xtcp_drop_segment(xtcp_sk_net(sk), new,
					  XTCP_DROP_DUPLICATE_TEXT);
			return 0;
		}
		if (xtcp_seq_lt(XTCP_SKB_CB(new)->seq, XTCP_SKB_CB(skb)->seq)) {
			p = &parent->rb_left;
		} else {
			p = &parent->rb_right;
			before = skb;
		}
	}
	if (coalesce(sk, before, new, &weight)) {
		drop_covered(sk, before);
		return weight;
	}
	rb_link_node(&new->rbnode, parent, p);
	rb_insert_color(&new->rbnode, &xs->rcv.ooo);
	drop_covered(sk, new);
	return weight;
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

/*
 * What a full segment of the peer's is, by which they are counted (RFC 9293 3.8.6.3): the
 * largest so far; or, since his path became narrower, what comes twice running with more
 * behind it. What the device joined is several.
 */
static void measure_mss(struct xtcp_receive *rcv, const struct sk_buff *skb, u32 text_len)
{
	u16 joined = skb_shinfo(skb)->gso_size;
	u16 len = joined ?: min_t(u32, text_len, U16_MAX);
	bool more = joined >= XTCP_MSS_DEFAULT ||
		    !(XTCP_SKB_CB(skb)->ctl & (XTCP_PSH | XTCP_FIN | XTCP_URG));

	if (len >= rcv->mss || (more && len == rcv->last_len && len >= XTCP_MSS_MIN))
		rcv->mss = len;
	rcv->last_len = len;
}

void xtcp_receive_text(struct sock *sk, struct sk_buff *skb, struct xtcp_verdict *v)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	skb_dst_drop(skb);
	mark_text(skb, v);
	xs->stats.data_recv = (u32)jiffies;
	take_urgent_octet(sk, skb, v);
	measure_mss(&xs->rcv, skb, v->text_len);
	if (v->events & XTCP_EV_OUT_OF_ORDER) {
		xs->stats.ooo++;
		xtcp_window_weigh(sk, v->text_len, queue_out_of_order(sk, skb));
		return;
	}
	xs->stats.bytes_received += v->text_len;
	xtcp_window_weigh(sk, v->text_len, queue_in_order(sk, skb));
	if (!(v->events & XTCP_EV_FIN))
		drain_ooo(sk, v);
	if (xtcp_seq_geq(xs->tcb.rcv_nxt, xs->rcv.rtt_seq))
		time_window(xs);
}

/* --- read --------------------------------------------------------------- */

u32 xtcp_unread(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u32 n, rcv_nxt;

	if (((1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV | TCPF_LISTEN)) &&
	    !xtcp_early(sk))
		return 0;
	/* Whoever reads meanwhile may be past it. */
	rcv_nxt = READ_ONCE(xs->tcb.rcv_nxt);
	n = max_t(s32, rcv_nxt - READ_ONCE(xs->rcv.copied_seq), 0);
	/* The FIN took a number, but there is nothing in it to read. */
	if (n && sock_flag(sk, SOCK_DONE))
		n--;
	return n;
}

/* No segment of the peer's size fits into the window, or its text not into memory. */
static bool full(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	int rcvbuf = READ_ONCE(sk->sk_rcvbuf);

	return xtcp_window_seen(sk) <= xs->rcv.mss || xtcp_memory_scarce(sk) ||
	       atomic_read(&sk->sk_rmem_alloc) > rcvbuf - rcvbuf / 8;
}

bool xtcp_receive_enough(const struct sock *sk, u32 target)
{
	u32 n = xtcp_unread(sk);

	return n >= target || (n && full(sk));
}

bool xtcp_receive_wakes(const struct sock *sk)
{
	return !sock_flag(sk, SOCK_DEAD) &&
	       xtcp_receive_enough(sk, min_t(u32, READ_ONCE(sk->sk_rcvlowat),
					     xtcp_sk(sk)->rcv.wanted));
}

void xtcp_receive_wake(struct sock *sk)
{
	if (!xtcp_receive_wakes(sk))
		return;
	xtcp_sk(sk)->rcv.wanted = U32_MAX;	/* who does not have enough says so again */
	sk->sk_data_ready(sk);
}

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
	if (xtcp_seq_lt(xs->rcv.compact_seq, seq))
		xs->rcv.compact_seq = seq;
	sk_peek_offset_bwd(sk, n);
	if (xs->tcb.rcv_urgent && xtcp_seq_geq(seq, xs->tcb.rcv_up))
		WRITE_ONCE(xs->tcb.rcv_urgent, XTCP_URGENT_NONE);
	while ((skb = skb_peek(&sk->sk_receive_queue)) &&
	       xtcp_seq_leq(XTCP_SKB_CB(skb)->end_seq, seq)) {
		xtcp_pages_keep(skb);
		sk_eat_skb(sk, skb);
	}
}
