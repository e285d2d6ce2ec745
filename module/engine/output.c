// SPDX-License-Identifier: GPL-2.0
/*
 * Making and sending segments (RFC 9293 sections 3.7, 3.8). Text waits in
 * sk_write_queue, is moved to snd.rtx_queue when sent, and leaves that when
 * acknowledged; a FIN is a flag of the last skb. SYN and pure control segments
 * are made when they are needed and never queued.
 */

#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/tcp_states.h>
#include <xtcp/af.h>
#include <xtcp/header.h>
#include <xtcp/memory.h>
#include <xtcp/output.h>
#include <xtcp/receive.h>
#include <xtcp/recovery.h>
#include <xtcp/sock.h>
#include <xtcp/trace.h>

/* --- memory of the send queues ----------------------------------------- */

struct sk_buff *xtcp_output_alloc(struct sock *sk, gfp_t gfp, bool force)
{
	struct sk_buff *skb = alloc_skb_fclone(XTCP_HEADROOM, gfp);

	if (!skb) {
		/* Others hear of it, too, and this one asks for less. */
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

void xtcp_output_free(struct sock *sk, struct sk_buff *skb)
{
	sk_wmem_queued_add(sk, -skb->truesize);
	sk_mem_uncharge(sk, skb->truesize);
	consume_skb(skb);
}

static void purge_queue(struct sock *sk, struct sk_buff_head *queue)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(queue)))
		xtcp_output_free(sk, skb);
}

void xtcp_output_purge(struct sock *sk)
{
	purge_queue(sk, &sk->sk_write_queue);
	purge_queue(sk, &xtcp_sk(sk)->snd.rtx_queue);
	xtcp_output_limit(xtcp_sk(sk), XTCP_LIMIT_IDLE);
}

/* --- one segment -------------------------------------------------------- */

static void fill_options(struct sock *sk, u8 ctl, struct xtcp_options *opt)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct xtcp_tcb *tcb = &xs->tcb;

	*opt = (struct xtcp_options){ };
	if (tcb->ts_ok) {
		opt->has_ts = 1;
		opt->tsval = xtcp_ts_now(xs->ts_offset);
		opt->tsecr = ctl & XTCP_ACK ? tcb->ts_recent : 0;
	}
	if (ctl & XTCP_SYN) {
		opt->mss = xtcp_output_announced_mss(sk, xs->af, xs->af->route(sk));
		opt->has_wscale = tcb->wscale_ok;
		opt->wscale = tcb->rcv_wscale;
	}
}

/* SYN: the window is not scaled yet, and rcv_adv was set with it. */
static u16 window_of(struct sock *sk, u8 ctl)
{
	if (ctl & XTCP_SYN)
		return min_t(u32, xtcp_sk(sk)->tcb.state == XTCP_SYN_SENT ?
			     xtcp_sk(sk)->tcb.rcv_adv :
			     xtcp_tcb_rcv_wnd(&xtcp_sk(sk)->tcb), XTCP_WINDOW_MAX);
	return xtcp_window_select(sk);
}

/*
 * The urgent pointer of a segment at @seq (RFC 9293 3.8.5); 0: nothing urgent
 * from there on. Where it does not reach it points behind all that was sent, for
 * later segments to move on: it must not name an octet that is not the last.
 */
static u16 urgent_pointer(const struct xtcp_tcb *tcb, u32 seq)
{
	if (!tcb->snd_urgent || xtcp_seq_geq(seq, tcb->snd_up))
		return 0;
	if (tcb->snd_up - seq <= U16_MAX)
		return tcb->snd_up - seq;
	return xtcp_seq_gt(seq + U16_MAX, tcb->snd_nxt) ? U16_MAX : 0;
}

static void fill_header(struct sock *sk, u32 seq, u8 ctl, struct xtcp_header *h)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	*h = (struct xtcp_header){
		.source	= inet_sk(sk)->inet_sport,
		.dest	= inet_sk(sk)->inet_dport,
		.seq	= seq,
		.ack	= ctl & XTCP_ACK ? xs->tcb.rcv_nxt : 0,
		.up	= urgent_pointer(&xs->tcb, seq),
		.ctl	= ctl,
	};

	if (h->up)
		h->ctl |= XTCP_URG;
	fill_options(sk, ctl, &h->opt);
	h->wnd = window_of(sk, ctl);
}

/*
 * Sending came to @err: is it for this machine, whose queues are full or whose memory
 * is short, that nothing went? What IP or a filter does not let pass is lost, as by any
 * router.
 */
static bool kept_here(int err)
{
	return net_xmit_eval(err) > 0 || err == -ENOBUFS || err == -ENOMEM;
}

/* Put the header in front of @skb and send it. */
static int transmit_header(struct sock *sk, struct sk_buff *skb,
			   const struct xtcp_header *h)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err;

	skb_push(skb, xtcp_header_len(h));
	skb_reset_transport_header(skb);
	xtcp_header_write(tcp_hdr(skb), h);
	memset(&XTCP_SKB_CB(skb)->header, 0, sizeof(XTCP_SKB_CB(skb)->header));
	/* Nothing before it is in a queue of this machine: it may take another one (XPS). */
	skb->ooo_okay = sk_wmem_alloc_get(sk) < SKB_TRUESIZE(1);
	/* The reserve that memory for it may have come from is not the receiver's affair. */
	skb->pfmemalloc = 0;
	skb_set_owner_w(skb, sk);
	skb_set_hash_from_sk(skb, sk);
	skb_set_dst_pending_confirm(skb, READ_ONCE(sk->sk_dst_pending_confirm));
	xs->af->checksum(sk, skb);
	xs->stats.segs_out++;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_OUT_SEGS);
	err = xs->af->xmit(sk, skb);
	/* What stayed here told nothing: an ACK that is owed is so still. */
	if ((h->ctl & XTCP_ACK) && !kept_here(err))
		xtcp_timers_ack_sent(sk);
	return err;
}

/* @skb, whose text begins at @seq. */
static int transmit(struct sock *sk, struct sk_buff *skb, u32 seq, u8 ctl)
{
	struct xtcp_header h;

	fill_header(sk, seq, ctl, &h);
	return transmit_header(sk, skb, &h);
}

#if IS_ENABLED(CONFIG_KUNIT)
/* For so many segments without text there is no memory. */
unsigned int xtcp_output_starve;
#define starve()	(xtcp_output_starve && xtcp_output_starve--)
#else
#define starve()	false
#endif

/* For a segment that carries nothing and is in no queue. */
static struct sk_buff *alloc_control(struct sock *sk)
{
	struct sk_buff *skb;

	if (starve())
		return NULL;
	skb = alloc_skb(XTCP_HEADROOM, sk_gfp_mask(sk, XTCP_GFP_QUIET));
	if (!skb)
		return NULL;
	skb_reserve(skb, XTCP_HEADROOM);
	skb->ip_summed = CHECKSUM_PARTIAL;
	return skb;
}

static int send_control(struct sock *sk, u32 seq, u8 ctl)
{
	struct sk_buff *skb = alloc_control(sk);

	return skb ? transmit(sk, skb, seq, ctl) : -ENOBUFS;
}

/*
 * A copy of @skb, which stays in its queue, to put a header in front of; or NULL. When that
 * went is ours to know: to a qdisc it would be a time that we ask for, and to who sees the
 * copy come in elsewhere on this machine the time of day.
 */
static struct sk_buff *copy_to_send(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *copy;

	skb->skb_mstamp_ns = ktime_get_ns();
	if (skb->len) {
		xtcp_sk(sk)->stats.bytes_sent += skb->len;
		xtcp_sk(sk)->stats.data_segs_out++;
		xtcp_sk(sk)->stats.data_sent = (u32)jiffies;
	}
	/* The header goes into the head, which a copy on its way still reads. */
	copy = skb_cloned(skb) ? pskb_copy(skb, sk_gfp_mask(sk, GFP_ATOMIC)) :
				 skb_clone(skb, sk_gfp_mask(sk, GFP_ATOMIC));
	if (copy)
		copy->tstamp = 0;
	return copy;
}

bool xtcp_output_syn(struct sock *sk)
{
	return !kept_here(send_control(sk, xtcp_sk(sk)->tcb.iss, XTCP_SYN));
}

void xtcp_output_first_syn(struct sock *sk, const struct xtcp_fastopen_cookie *cookie)
{
	struct sk_buff *text = skb_peek(&xtcp_sk(sk)->snd.rtx_queue), *skb;
	struct xtcp_header h;

	skb = text ? copy_to_send(sk, text) : alloc_control(sk);
	if (!skb)
		return;
	fill_header(sk, xtcp_sk(sk)->tcb.iss, XTCP_SYN, &h);
	if (cookie) {
		xtcp_options_add_cookie(&h.opt, cookie);
		h.opt.has_fastopen = 1;		/* an empty one asks for one */
		h.opt.experiment = cookie->experiment;
	}
	transmit_header(sk, skb, &h);
}

bool xtcp_output_syn_ack(struct sock *sk)
{
	return xtcp_output_syn_ack_cookie(sk, NULL);
}

bool xtcp_output_syn_ack_cookie(struct sock *sk, const struct xtcp_fastopen_cookie *cookie)
{
	struct sk_buff *skb = alloc_control(sk);
	struct xtcp_header h;

	if (!skb)
		return false;
	fill_header(sk, xtcp_sk(sk)->tcb.iss, XTCP_SYN | XTCP_ACK, &h);
	xtcp_options_add_cookie(&h.opt, cookie);
	return !kept_here(transmit_header(sk, skb, &h));
}

/*
 * SND.NXT; or the right edge of a window that was taken back from under it (RFC 9293
 * MUST-34), for beyond that the peer would not look at it. But then it may have what was
 * sent beyond, and the edge is old: to who repeats himself the two are said in turn.
 * Less than scaling can express is rounding: the peer means the edge it announced before
 * (RFC 7323 2.4).
 */
static u32 acceptable_seq(const struct xtcp_sock *xs)
{
	const struct xtcp_tcb *tcb = &xs->tcb;
	u32 edge = tcb->snd_una + tcb->snd_wnd;
	bool taken_back = tcb->snd_nxt - edge >= 1U << tcb->snd_wscale;

	if (tcb->snd_una == tcb->iss || xtcp_seq_leq(tcb->snd_nxt, edge))
		return tcb->snd_nxt;
	return taken_back != xs->snd.other_seq ? edge : tcb->snd_nxt;
}

void xtcp_output_ack(struct sock *sk)
{
	/* No memory or no room for it? Whatever it was to tell stays owed. */
	if (kept_here(send_control(sk, acceptable_seq(xtcp_sk(sk)), XTCP_ACK)))
		xtcp_timers_ack_kept(sk);
}

/*
 * The peer takes neither an acknowledgment nor a window from a number that is old: what
 * it was not told yet is told by a segment of its own.
 */
bool xtcp_output_probe(struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct xtcp_tcb *tcb = &xs->tcb;
	/* Also what stayed here the last time, and waits to be tried again. */
	bool sent, owed = xs->rcv.acked_seq != tcb->rcv_nxt || xs->due_ns[XTCP_TIMER_DELACK];
	u32 edge = tcb->rcv_adv;

	/* Whether the window is shut or not: from the old one URG is not taken. */
	if (tcb->snd_urgent)
		send_control(sk, tcb->snd_una, XTCP_ACK);
	sent = !kept_here(send_control(sk, tcb->snd_una - 1, XTCP_ACK));
	if (owed || tcb->rcv_adv != edge)
		xtcp_output_ack(sk);
	return sent;
}

void xtcp_output_rst(struct sock *sk, enum xtcp_counter why)
{
	u32 seq = acceptable_seq(xtcp_sk(sk));

	trace_xtcp_send_reset(sk, &xtcp_sk(sk)->flow, NULL, seq, why);
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_OUT_RSTS);
	send_control(sk, seq, XTCP_RST | XTCP_ACK);
}

/* --- text --------------------------------------------------------------- */

/* Send a copy of @skb, which stays in its queue. */
static int transmit_copy(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);
	struct sk_buff *copy = copy_to_send(sk, skb);

	if (!copy)
		return -ENOBUFS;
	return transmit(sk, copy, cb->seq, cb->ctl | XTCP_ACK);
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
static int split(struct sock *sk, struct sk_buff_head *queue, struct sk_buff *skb,
		 u32 len)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb), *rest_cb;
	u32 rest_len = skb->len - len;
	bool must = must_go(xtcp_sk(sk), skb);
	struct sk_buff *rest;

	if ((!must && queue_too_costly(sk)) || unclone(skb))
		return -ENOMEM;
	rest = xtcp_output_alloc(sk, XTCP_GFP_QUIET, must);
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

static bool may_send_text(const struct sock *sk)
{
	return xtcp_early(sk) ||
	       ((1 << xtcp_sk(sk)->tcb.state) &
		(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT | TCPF_FIN_WAIT1 |
		 TCPF_CLOSING | TCPF_LAST_ACK));
}

/*
 * RFC 9293 3.7.4 (RFC 896), in Minshall's way: one small segment at a time.
 * What is corked waits longer, but the persist timer ends that too. What is
 * urgent does not wait.
 */
static bool nagle_holds(const struct xtcp_sock *xs, const struct sk_buff *skb)
{
	if (skb->len >= xs->snd.mss || (XTCP_SKB_CB(skb)->ctl & XTCP_FIN) ||
	    xs->tcb.snd_urgent)
		return false;
	if (xs->snd.cork || xs->snd.more)
		return true;
	return !xs->snd.nodelay &&
	       xtcp_seq_gt(xs->snd.small_seq, xs->tcb.snd_una) &&
	       xtcp_seq_leq(xs->snd.small_seq, xs->tcb.snd_nxt);
}

/*
 * How much of @skb the windows let go now; -1: nothing. Sender's silly-window
 * avoidance (RFC 9293 3.8.6.2.1): whole segments, or half of the largest window.
 */
static int allowed(const struct xtcp_sock *xs, const struct sk_buff *skb)
{
	const struct xtcp_tcb *tcb = &xs->tcb;
	u32 edge = tcb->snd_una + xtcp_tcb_syn_under_way(tcb) + tcb->snd_wnd;
	u32 len = min_t(u32, skb->len, xs->snd.mss);
	u32 end = XTCP_SKB_CB(skb)->seq + len;
	u32 usable;

	if (len == skb->len)
		end = XTCP_SKB_CB(skb)->end_seq;	/* with the FIN */
	if (!xtcp_recovery_allows(xs, len))
		return -1;
	if (xtcp_seq_leq(end, edge))
		return len;
	usable = edge - tcb->snd_nxt;
	if ((s32)usable > 0 && usable < len && usable >= tcb->snd_wnd_max / 2)
		return usable;
	return -1;
}

/* First transmission of @skb, the head of the send queue. */
static void send_head(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);

	/* RFC 9293 MUST-61: on the last of what the user wrote. */
	if (skb->len && skb_queue_is_last(&sk->sk_write_queue, skb) && !xs->snd.more)
		cb->ctl |= XTCP_PSH;
	if (skb->len < xs->snd.mss)
		xs->snd.small_seq = cb->end_seq;
	/* snd_nxt moves first: a segment is in flight even if IP refused it. */
	xs->tcb.snd_nxt = cb->end_seq;
	if (cb->ctl & XTCP_FIN)
		xs->tcb.fin_sent = 1;
	__skb_unlink(skb, &sk->sk_write_queue);
	__skb_queue_tail(&xs->snd.rtx_queue, skb);
	cb->kept = kept_here(transmit_copy(sk, skb));
	xtcp_timers_sent(sk);
}

/*
 * By the route that will be taken: one that was learned to be narrower is a new one. Of
 * what else snd.mss depends on, options tell of their change themselves.
 */
static void refresh_mss(struct sock *sk)
{
	const struct dst_entry *dst = xtcp_sk(sk)->af->route(sk);
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (dst && (dst_mtu(dst) != xs->snd.pmtu ||
		    xs->tcb.snd_wnd_max != xs->snd.mss_wnd_max ||
		    xtcp_knob(xtcp_sk_net(sk), min_snd_mss) != xs->snd.mss_floor))
		xtcp_output_sync_mss(sk, dst_mtu(dst));
}

void xtcp_output_limit(struct xtcp_sock *xs, u8 limit)
{
	struct xtcp_stats *stats = &xs->stats;

	if (limit == xs->snd.limit)
		return;
	if (xs->snd.limit)
		stats->limited[xs->snd.limit - 1] += (u32)jiffies - xs->snd.limit_since;
	xs->snd.limit = limit;
	xs->snd.limit_since = (u32)jiffies;
}

/* @head: of the send queue, what may go having gone. */
static enum xtcp_limit limit_now(const struct sock *sk, const struct sk_buff *head)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (head && xtcp_seq_gt(XTCP_SKB_CB(head)->seq + min_t(u32, head->len, xs->snd.mss),
				xs->tcb.snd_una + xs->tcb.snd_wnd))
		return XTCP_LIMIT_RWND;
	if (!head && skb_queue_empty(&xs->snd.rtx_queue))
		return XTCP_LIMIT_IDLE;
	if (!head && sk->sk_socket && test_bit(SOCK_NOSPACE, &sk->sk_socket->flags))
		return XTCP_LIMIT_SNDBUF;
	return XTCP_LIMIT_BUSY;
}

void xtcp_output_push(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb;
	int len;

	if (!may_send_text(sk))
		return;
	refresh_mss(sk);
	xtcp_recovery_idle(sk);
	xtcp_recovery_push(sk);
	while ((skb = skb_peek(&sk->sk_write_queue))) {
		len = allowed(xs, skb);
		if (len < 0)
			break;
		if (skb_queue_is_last(&sk->sk_write_queue, skb) && nagle_holds(xs, skb))
			break;
		if ((u32)len < skb->len && split(sk, &sk->sk_write_queue, skb, len))
			break;
		send_head(sk, skb);
	}
	xtcp_output_limit(xs, limit_now(sk, skb));
	/* Something waits, and no ACK is under way that would let it go. */
	if (skb && xs->tcb.snd_nxt == xs->tcb.snd_una)
		xtcp_timers_window_shut(sk);
}

bool xtcp_output_override(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb = skb_peek(&sk->sk_write_queue);
	u32 usable = xs->tcb.snd_una + xs->tcb.snd_wnd - xs->tcb.snd_nxt;
	u32 len;

	if (!skb || (s32)usable <= 0)
		return false;
	refresh_mss(sk);
	len = min3(usable, skb->len, (u32)xs->snd.mss);
	if (len < skb->len && (!len || split(sk, &sk->sk_write_queue, skb, len)))
		return false;
	send_head(sk, skb);
	return true;
}

static int send_again(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err;

	/* The first copy still waits in a queue of this machine. */
	if (skb_fclone_busy(sk, skb))
		return -EBUSY;
	refresh_mss(sk);
	if (skb->len > xs->snd.mss) {
		err = split(sk, &xs->snd.rtx_queue, skb, xs->snd.mss);
		if (err)
			return err;
	}
	if (XTCP_SKB_CB(skb)->retransmits < U8_MAX)
		XTCP_SKB_CB(skb)->retransmits++;
	xs->stats.retrans++;
	xs->stats.bytes_retrans += skb->len;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_RETRANS_SEGS);
	trace_xtcp_retransmit(sk, &xs->flow, skb->len ? XTCP_RETRANSMIT_DATA :
			      XTCP_RETRANSMIT_FIN, XTCP_SKB_CB(skb)->seq, skb->len,
			      XTCP_SKB_CB(skb)->retransmits, xtcp_timers_rto_ns(sk));
	return kept_here(transmit_copy(sk, skb)) ? -ENOBUFS : 0;
}

int xtcp_output_retransmit(struct sock *sk, struct sk_buff *skb)
{
	int err = send_again(sk, skb);

	XTCP_SKB_CB(skb)->kept = err < 0;
	return err;
}

/*
 * Leave in @skb, the oldest, only what is acknowledged. False: nothing of it is,
 * or there is no memory; then it is sent again with the rest.
 */
static bool cut_off_acked(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 acked = xs->tcb.snd_una - XTCP_SKB_CB(skb)->seq;

	return (s32)acked > 0 && !split(sk, &xs->snd.rtx_queue, skb, acked);
}

u32 xtcp_output_clean(struct sock *sk, u64 *sent_ns)
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
		xtcp_output_free(sk, skb);
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
void xtcp_output_grow_buffer(struct sock *sk)
{
	const struct xtcp_cong *cong = &xtcp_sk(sk)->cong;
	u32 most = xtcp_knob(xtcp_sk_net(sk), wmem_max);
	u32 weight = cong->mss + max_t(u32, cong->mss, 2 * SKB_TRUESIZE(XTCP_HEADROOM));
	u32 want = min_t(u64, 2ULL * DIV_ROUND_UP(cong->cwnd, cong->mss) * weight, most);

	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK) && want > sk->sk_sndbuf &&
	    !xtcp_memory_scarce(sk))
		WRITE_ONCE(sk->sk_sndbuf, want);
}

/*
 * The FIN rides on the last unsent text. An empty skb carries it when there is
 * none; without memory for that we wait for it: a close must not be forgotten.
 */
void xtcp_output_fin(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb = skb_peek_tail(&sk->sk_write_queue);
	struct xtcp_skb_cb *cb;

	if (xs->snd.fin_queued)
		return;
	if (!skb) {
		skb = xtcp_output_alloc(sk, GFP_KERNEL | __GFP_NOFAIL, true);
		cb = XTCP_SKB_CB(skb);
		*cb = (struct xtcp_skb_cb){ .seq = xs->snd.write_seq,
					    .end_seq = xs->snd.write_seq };
		__skb_queue_tail(&sk->sk_write_queue, skb);
	}
	cb = XTCP_SKB_CB(skb);
	cb->ctl |= skb->len ? XTCP_FIN | XTCP_PSH : XTCP_FIN;
	cb->end_seq++;
	xs->snd.write_seq++;
	xs->snd.fin_queued = 1;
	xtcp_output_push(sk);
}

/* --- segment size ------------------------------------------------------- */

u16 xtcp_output_announced_mss(const struct sock *sk, const struct xtcp_af_ops *af,
			      const struct dst_entry *dst)
{
	u32 mss = af->mss_default;

	if (dst)
		mss = dst_metric_advmss(dst);
	if (xtcp_sk(sk)->snd.mss_clamp)
		mss = min_t(u32, mss, xtcp_sk(sk)->snd.mss_clamp);
	return mss;
}

/* A segment above half of the largest window would stall a small receiver. */
static u32 bound_to_half_window(const struct xtcp_tcb *tcb, u32 mss)
{
	u32 half = tcb->snd_wnd_max > XTCP_MSS_DEFAULT ? tcb->snd_wnd_max / 2 :
							 tcb->snd_wnd_max;

	return half && mss > half ? max_t(u32, half, XTCP_MSS_MIN) : mss;
}

void xtcp_output_sync_mss(struct sock *sk, u32 pmtu)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 floor = xtcp_knob(xtcp_sk_net(sk), min_snd_mss);
	s32 mss = pmtu - xs->af->ip_header_len - sizeof(struct tcphdr);

	mss = min_t(u32, mss, xs->tcb.snd_mss);
	if (xs->snd.mss_clamp)
		mss = min_t(u32, mss, xs->snd.mss_clamp);
	/* An MSS counts headers without options (RFC 9293 MUST-16). */
	mss = max_t(s32, mss - (s32)xs->af->options_len(sk), floor);
	if (xs->tcb.ts_ok)
		mss -= XTCP_OLEN_TS_ALIGNED;
	xs->snd.pmtu = pmtu;
	xs->snd.mss_wnd_max = xs->tcb.snd_wnd_max;
	xs->snd.mss_floor = floor;
	xs->snd.mss = bound_to_half_window(&xs->tcb, mss);
	xtcp_cong_set_mss(&xs->cong, xs->snd.mss);
}
