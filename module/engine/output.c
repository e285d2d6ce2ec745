// SPDX-License-Identifier: GPL-2.0
/*
 * Making and sending segments (RFC 9293 sections 3.7, 3.8). What has text or a FIN stays
 * in its queue (engine/queue.c), and a copy goes, cut into segments by IP or the device
 * (wire/offload.c); SYN and pure control segments are made
 * when they are needed and never queued.
 */

#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/tcp_states.h>
#include <xtcp/af.h>
#include <xtcp/header.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include <xtcp/queue.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/trace.h>
#include <xtcp/window.h>

/* --- one segment -------------------------------------------------------- */

/* @opt is empty. */
static void fill_options(struct sock *sk, u8 ctl, u64 now_ns, struct xtcp_options *opt)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct xtcp_tcb *tcb = &xs->tcb;

	if (tcb->ts_ok) {
		opt->has_ts = 1;
		opt->tsval = xtcp_ts_at(now_ns, xs->ts_offset);
		opt->tsecr = ctl & XTCP_ACK ? tcb->ts_recent : 0;
	}
	if (ctl & XTCP_SYN) {
		opt->mss = xtcp_mss_announced(sk, xs->af, xs->af->route(sk));
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

static void fill_header(struct sock *sk, u32 seq, u8 ctl, u64 now_ns, struct xtcp_header *h)
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
	fill_options(sk, ctl, now_ns, &h->opt);
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

/* Who may cut a large segment up: wire/offload.c says why SCTP. */
static unsigned int gso_type(const struct xtcp_sock *xs)
{
	return xs->af->gso_type | (xs->flow.protocol == IPPROTO_TCP ? 0 : SKB_GSO_SCTP);
}

/*
 * The text of @skb is for several segments of @mss octets, the last perhaps less: whoever
 * sums up does so for each. Return: how many there are; 1 for what goes as it is.
 */
static u32 set_segments(struct sock *sk, struct sk_buff *skb, u32 mss)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	bool large = skb->len > mss;

	/* Of a copy that shares them with one that was cut otherwise. */
	shinfo->gso_size = large ? mss : 0;
	shinfo->gso_segs = large ? DIV_ROUND_UP(skb->len, mss) : 0;
	shinfo->gso_type = large ? gso_type(xtcp_sk(sk)) : 0;
	return shinfo->gso_segs ?: 1;
}

/* Put the header in front of @skb, of @segments segments, and send it. */
static int transmit_header(struct sock *sk, struct sk_buff *skb,
			   const struct xtcp_header *h, u32 segments)
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
	xs->stats.segs_out += segments;
	xtcp_count_add(xtcp_sk_net(sk), XTCP_CNT_OUT_SEGS, segments);
	err = xs->af->xmit(sk, skb);
	/* What stayed here told nothing: an ACK that is owed is so still. */
	if ((h->ctl & XTCP_ACK) && !kept_here(err))
		xtcp_timers_ack_sent(sk);
	return err;
}

/* @skb, whose text begins at @seq, and is for @segments segments. */
static int transmit(struct sock *sk, struct sk_buff *skb, u32 seq, u8 ctl, u64 now_ns,
		    u32 segments)
{
	u32 acked_seq = xtcp_sk(sk)->rcv.acked_seq;
	struct xtcp_header h;
	int err;

	fill_header(sk, seq, ctl, now_ns, &h);
	err = transmit_header(sk, skb, &h, segments);
	if (kept_here(err))
		xtcp_sk(sk)->rcv.acked_seq = acked_seq;
	return err;
}

#ifdef XTCP_KUNIT
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

	return skb ? transmit(sk, skb, seq, ctl, ktime_get_ns(), 1) : -ENOBUFS;
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
		xtcp_sk(sk)->stats.data_segs_out += xtcp_queue_segments(skb);
		xtcp_sk(sk)->stats.data_sent = (u32)jiffies;
	}
	/* The header goes into the head, which a copy on its way still reads. */
	copy = skb_cloned(skb) ? pskb_copy(skb, sk_gfp_mask(sk, GFP_ATOMIC)) :
				 skb_clone(skb, sk_gfp_mask(sk, GFP_ATOMIC));
	if (!copy)
		return NULL;
	copy->tstamp = 0;
	copy->dev = NULL;		/* where the node of the tree was */
	return copy;
}

bool xtcp_output_syn(struct sock *sk)
{
	return !kept_here(send_control(sk, xtcp_sk(sk)->tcb.iss, XTCP_SYN));
}

void xtcp_output_first_syn(struct sock *sk, const struct xtcp_fastopen_cookie *cookie)
{
	struct sk_buff *text = xtcp_queue_oldest(sk), *skb;
	struct xtcp_header h;

	skb = text ? copy_to_send(sk, text) : alloc_control(sk);
	if (!skb)
		return;
	fill_header(sk, xtcp_sk(sk)->tcb.iss, XTCP_SYN, ktime_get_ns(), &h);
	if (cookie) {
		xtcp_options_add_cookie(&h.opt, cookie);
		h.opt.has_fastopen = 1;		/* an empty one asks for one */
		h.opt.experiment = cookie->experiment;
	}
	transmit_header(sk, skb, &h, 1);
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
	fill_header(sk, xtcp_sk(sk)->tcb.iss, XTCP_SYN | XTCP_ACK, ktime_get_ns(), &h);
	xtcp_options_add_cookie(&h.opt, cookie);
	return !kept_here(transmit_header(sk, skb, &h, 1));
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

bool xtcp_output_text(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);
	struct sk_buff *copy = copy_to_send(sk, skb);

	return copy && !kept_here(transmit(sk, copy, cb->seq, cb->ctl | XTCP_ACK,
					   skb->skb_mstamp_ns,
					   set_segments(sk, copy, cb->mss)));
}

static int send_again(struct sock *sk, struct sk_buff *skb, u32 len)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 segments;
	int err;

	/* The first copy still waits in a queue of this machine. */
	if (skb_fclone_busy(sk, skb))
		return -EBUSY;
	xtcp_mss_refresh(sk);
	/* What is urgent is so many octets ahead of each segment of its own. */
	len = min3(len, skb->len, xs->tcb.snd_urgent ? (u32)xs->snd.mss : xs->snd.goal);
	if (len < skb->len) {
		err = xtcp_queue_split(sk, skb, len);
		if (err)
			return err;
	}
	xtcp_queue_sent_again(sk, skb);
	segments = xtcp_queue_segments(skb);
	if (XTCP_SKB_CB(skb)->retransmits < U8_MAX)
		XTCP_SKB_CB(skb)->retransmits++;
	xs->stats.retrans += segments;
	xs->stats.bytes_retrans += skb->len;
	xtcp_count_add(xtcp_sk_net(sk), XTCP_CNT_RETRANS_SEGS, segments);
	trace_xtcp_retransmit(sk, &xs->flow, skb->len ? XTCP_RETRANSMIT_DATA :
			      XTCP_RETRANSMIT_FIN, XTCP_SKB_CB(skb)->seq, skb->len,
			      XTCP_SKB_CB(skb)->retransmits, xtcp_timers_rto_ns(sk));
	return xtcp_output_text(sk, skb) ? 0 : -ENOBUFS;
}

int xtcp_output_retransmit(struct sock *sk, struct sk_buff *skb, u32 len)
{
	int err = send_again(sk, skb, len);

	XTCP_SKB_CB(skb)->kept = err < 0;
	return err;
}
