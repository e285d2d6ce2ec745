// SPDX-License-Identifier: GPL-2.0
/*
 * A segment for a socket: parse it, ask the state machine (arrives.c), carry
 * the verdict out. Softirq or, from the backlog, process context; socket lock.
 */

#include <linux/security.h>
#include <net/busy_poll.h>
#include <net/tcp_states.h>
#include <xtcp/af.h>
#include <xtcp/batch.h>
#include <xtcp/drop.h>
#include <xtcp/end.h>
#include <xtcp/header.h>
#include <xtcp/input.h>
#include <xtcp/limit.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include <xtcp/push.h>
#include <xtcp/queue.h>
#include <xtcp/receive.h>
#include <xtcp/recovery.h>
#include <xtcp/reset.h>
#include <xtcp/route.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/state.h>
#include <xtcp/timewait.h>
#include <xtcp/trace.h>
#include <xtcp/window.h>

/* --- what the verdict asks for ------------------------------------------ */

static bool may_answer(struct sock *sk)
{
	return xtcp_limit_answer(xtcp_sk_net(sk), &xtcp_sk(sk)->answered);
}

/* IPv6: routers choose among paths by the flow label (RFC 6438). */
static void note_path(struct sock *sk, const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (skb->protocol == htons(ETH_P_IPV6))
		xtcp_sk(sk)->rcv.peer_label = ip6_flowlabel(ipv6_hdr(skb));
#endif
}

/*
 * Text that is here comes again, and by another path: the peer timed out. Perhaps it is
 * the path of our acknowledgments that swallows, unless our text changes it already.
 */
static void doubt_path_of_acks(struct sock *sk, const struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	__be32 label = xs->rcv.peer_label;

	note_path(sk, skb);
	if (xs->rcv.peer_label != label && !xs->retransmits)
		xtcp_rehash(sk);
}

/* Text is always acknowledged; empty segments may be part of an ACK loop. */
static void answer_dropped(struct sock *sk, const struct sk_buff *skb,
			   const struct xtcp_segment *seg,
			   const struct xtcp_verdict *v)
{
	if (xtcp_sk(sk)->own->fastopen.tried && sk->sk_state == TCP_ESTABLISHED)
		xtcp_fastopen_watch(sk, v);
	switch (v->reply) {
	case XTCP_REPLY_CHALLENGE:
		if (!may_answer(sk) || !xtcp_limit_challenge(xtcp_sk_net(sk)))
			break;
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_CHALLENGE_ACKS);
		xtcp_output_ack(sk);
		break;
	case XTCP_REPLY_ACK:
		if (seg->text_len && xtcp_seq_lt(seg->seq, xtcp_sk(sk)->tcb.rcv_nxt))
			doubt_path_of_acks(sk, skb);
		if (!xtcp_segment_len(seg) && !may_answer(sk))
			break;
		xtcp_output_ack(sk);
		xtcp_sk(sk)->snd.other_seq ^= 1;
		break;
	case XTCP_REPLY_SYN_ACK:
		if (may_answer(sk)) {
			xtcp_sk(sk)->stats.retrans++;
			xtcp_output_syn_ack(sk);
		}
		break;
	case XTCP_REPLY_RST:
		xtcp_reset_reply(xtcp_sk_net(sk), xtcp_sk(sk)->af, skb, seg, v->drop, sk);
		break;
	}
	if ((v->events & XTCP_EV_SYN_AGAIN) && may_answer(sk)) {
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_SYN_AGAIN);
		xtcp_sk(sk)->stats.retrans++;	/* no round trip to measure (Karn) */
		xtcp_output_syn(sk);
	}
}

/* The connection ended: by RST, or by us because no one wants its text. */
static void carry_out_reset(struct sock *sk, const struct xtcp_verdict *v)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);

	if (v->reply == XTCP_REPLY_RST) {
		xtcp_count(xn, XTCP_CNT_ABORT_ON_DATA);
		xtcp_output_rst(sk, XTCP_CNT_ABORT_ON_DATA);
	} else {
		trace_xtcp_receive_reset(sk, &xtcp_sk(sk)->flow, sk->sk_state);
		xtcp_fastopen_reset(sk);
		xtcp_count(xn, XTCP_CNT_IN_RSTS);
		if (xtcp_opening(sk))
			xtcp_count(xn, XTCP_CNT_ACTIVE_REFUSED);
	}
	xtcp_fail(sk, v->error);
}

/*
 * How old is the timestamp of ours that @seg echoes? 0: it echoes none, or one that
 * cannot be: we never sent it, or so long ago that no RTO could tell (RFC 7323 4).
 */
static u64 echo_age_us(const struct sock *sk, const struct xtcp_segment *seg, u64 now_ns)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u32 age_ms = xtcp_ts_at(now_ns, xs->ts_offset) - seg->opt.tsecr;

	if (!xs->tcb.ts_ok || !seg->opt.has_ts || !seg->opt.tsecr ||
	    age_ms > xtcp_sk_knob(sk, rto_max_ms))
		return 0;
	return (u64)age_ms * USEC_PER_MSEC ?: 1;
}

static void take_sample(struct sock *sk, u64 us)
{
	xtcp_rtt_sample(&xtcp_sk(sk)->rtt, min_t(u64, us, U32_MAX),
			xtcp_rto_min_ms(sk), xtcp_sk_knob(sk, rto_max_ms));
}

/* Round trip of the handshake, by clock if nothing was sent twice; 0: no one knows. */
static u64 handshake_us(const struct sock *sk, const struct xtcp_segment *seg, u64 now_ns)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (!xs->first_retransmit_ns)
		return 0;	/* nor when it went out (open/child.c) */
	if (xs->stats.retrans)
		return echo_age_us(sk, seg, now_ns);
	return xtcp_us_at(now_ns - xs->first_retransmit_ns) ?: 1;
}

static void sample_handshake(struct sock *sk, const struct xtcp_segment *seg, u64 now_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 us = handshake_us(sk, seg, now_ns);

	if (us)
		take_sample(sk, us);
	else if (xs->retransmits)
		/* RFC 6298 5.7; a sample by timestamp knows better. */
		xs->rtt.rto_us = max_t(u32, xs->rtt.rto_us, 3 * USEC_PER_SEC);
}

/* As the kernel's TCP counts: the SYN was sent, acknowledged and delivered. */
static void count_handshake(struct xtcp_sock *xs)
{
	xs->stats.delivered++;
	xs->stats.data_sent = (u32)jiffies;
	xs->stats.data_recv = (u32)jiffies;
	if (xs->tcb.passive)
		xs->stats.segs_in++;	/* the request took it */
	else
		xs->stats.bytes_acked++;
}

/* From now on text goes both ways. */
static void begin_text(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);

	xs->rcv.copied_seq = xs->tcb.irs + 1;
	xs->rcv.compact_seq = xs->rcv.copied_seq;
	xs->rcv.tune_seq = xs->rcv.copied_seq;
	xs->rcv.tune_us = xtcp_now_us();
	/* A listener's SYN-ACK told it; who connected owes an ACK still. */
	xs->rcv.acked_seq = xs->tcb.irs + xs->tcb.passive;
	xs->rcv.rtt_seq = xs->tcb.rcv_adv;
	xs->rcv.rtt_since = (u32)jiffies;
	xs->rcv.space = xtcp_tcb_rcv_wnd(&xs->tcb);
	xtcp_mss_sync(sk, dst ? dst_mtu(dst) : xs->snd.pmtu);
	xtcp_recovery_start(sk);
	xtcp_window_begin(sk);
}

static void established(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	count_handshake(xs);
	if (xtcp_early(sk)) {
		xtcp_mss_sync(sk, xs->snd.pmtu);	/* the window is larger now */
		xtcp_recovery_established(sk);
	} else {
		begin_text(sk);
	}
	xtcp_state_set(sk, XTCP_ESTABLISHED);
	/* The user closed meanwhile; the same segment may carry the peer's FIN. */
	if (xs->tcb.close_queued)
		xtcp_state_set(sk, XTCP_FIN_WAIT_1);
	xtcp_timers_established(sk);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_state_change(sk);
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
	}
}

void xtcp_input_established_by_syn(struct sock *sk, const struct xtcp_segment *syn)
{
	struct xtcp_tcb *tcb = &xtcp_sk(sk)->tcb;

	tcb->snd_una = tcb->snd_nxt;
	tcb->snd_wnd = syn->wnd;
	tcb->snd_wnd_max = syn->wnd;
	tcb->snd_wl1 = syn->seq;
	tcb->snd_wl2 = tcb->snd_una;
	established(sk);
	xtcp_output_syn_ack(sk);
}

/* Of the SYN of an early child, what fits into the window. False: nothing is kept. */
static bool take_syn_text(struct sock *sk, struct sk_buff *skb,
			  const struct xtcp_segment *syn)
{
	struct xtcp_tcb *tcb = &xtcp_sk(sk)->tcb;
	struct xtcp_verdict v = {
		.events = XTCP_EV_TEXT,
		.text_seq = tcb->rcv_nxt,
		.text_len = min(syn->text_len, xtcp_tcb_rcv_wnd(tcb)),
	};

	if (!v.text_len || !xtcp_receive_admit(sk, skb))
		return false;
	tcb->rcv_nxt += v.text_len;
	xtcp_sk(sk)->stats.data_segs_in++;
	xtcp_own(sk)->fastopen.text_acked = 1;
	xtcp_receive_text(sk, skb, &v);
	return true;
}

void xtcp_input_early(struct sock *sk, struct sk_buff *skb,
		      const struct xtcp_segment *syn,
		      const struct xtcp_fastopen_cookie *cookie)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_tcb *tcb = &xs->tcb;

	tcb->snd_wnd = syn->wnd;
	tcb->snd_wnd_max = syn->wnd;
	tcb->snd_wl1 = syn->seq;
	tcb->snd_wl2 = tcb->snd_una;
	begin_text(sk);
	if (!take_syn_text(sk, skb, syn))
		xtcp_drop_segment(xtcp_sk_net(sk), skb, 0);
	xtcp_output_syn_ack_cookie(sk, cookie);
	xs->rcv.acked_seq = tcb->rcv_nxt;
	tcb->last_ack_sent = tcb->rcv_nxt;
	xtcp_timers_syn_sent(sk);
}

/* RTT by the segment itself; by timestamp where Karn forbids that. */
static void sample_rtt(struct sock *sk, const struct xtcp_segment *seg, u64 sent_ns,
		       u64 now_ns)
{
	u64 us = sent_ns ? xtcp_us_at(now_ns - sent_ns) ?: 1 : echo_age_us(sk, seg, now_ns);

	if (!us)
		return;
	take_sample(sk, us);
	xtcp_timers_measured(sk);
}

static void carry_out_ack(struct sock *sk, const struct xtcp_segment *seg,
			  const struct xtcp_verdict *v, u64 now_ns)
{
	bool handshake = v->events & XTCP_EV_ESTABLISHED;
	u32 segments;
	u64 sent_ns;

	if (v->events & XTCP_EV_ACKED) {
		/* The round trip of a handshake was measured, and its SYN counted. */
		xtcp_sk(sk)->stats.bytes_acked += v->acked - handshake;
		segments = xtcp_queue_clean(sk, &sent_ns);
		if (!handshake)
			sample_rtt(sk, seg, sent_ns, now_ns);
		xtcp_recovery_acked(sk, v->acked, segments, xtcp_us_at(now_ns));
		xtcp_timers_acked(sk);
		xtcp_queue_grow_buffer(sk);
	}
	if (v->events & XTCP_EV_DUPACK)
		xtcp_recovery_dupack(sk);
	if (v->events & (XTCP_EV_ACKED | XTCP_EV_WINDOW))
		xtcp_sk(sk)->snd.other_seq = 0;
	if (v->events & XTCP_EV_WINDOW)
		xtcp_timers_window_open(sk);
}

/* The next octet to read is the urgent one, and it is here. */
static bool before_urgent_octet(const struct sock *sk)
{
	return xtcp_receive_at_mark(sk) && !sock_flag(sk, SOCK_URGINLINE) &&
	       xtcp_sk(sk)->rcv.copied_seq != xtcp_sk(sk)->tcb.rcv_nxt;
}

/*
 * RFC 9293 MUST-32: the user is told, by SIGURG. The mark has moved on: what was
 * urgent before is text like any other, unless the user stood before it.
 */
static void carry_out_urgent(struct sock *sk, bool stood_before)
{
	sk_send_sigurg(sk);
	if (stood_before)
		xtcp_receive_consume(sk, xtcp_sk(sk)->rcv.copied_seq + 1);
}

static void carry_out_fin(struct sock *sk)
{
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	sock_set_flag(sk, SOCK_DONE);
	xtcp_sk(sk)->stats.bytes_received++;	/* its number, as the kernel's TCP */
	xtcp_receive_purge_ooo(sk);
}

/* Those who poll see a FIN as readable, and as hung up when both are. */
static void wake_fin(struct sock *sk)
{
	if (sock_flag(sk, SOCK_DEAD))
		return;
	sk->sk_state_change(sk);
	if (sk->sk_shutdown == SHUTDOWN_MASK || sk->sk_state == TCP_CLOSE)
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_HUP);
	else
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
}

static u64 fin_wait_2_ns(const struct sock *sk)
{
	s32 own_ms = xtcp_sk(sk)->own->linger2_ms;

	return (u64)(own_ms ?: xtcp_knob(xtcp_sk_net(sk), fin_timeout_ms)) *
		NSEC_PER_MSEC;
}

void xtcp_input_fin_wait_2(struct sock *sk)
{
	if (xtcp_sk(sk)->own->linger2_ms < 0) {
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ABORT_ON_LINGER);
		xtcp_output_rst(sk, XTCP_CNT_ABORT_ON_LINGER);
		xtcp_done(sk);
	} else {
		xtcp_timers_fin_wait_2(sk, fin_wait_2_ns(sk));
	}
}

/* The state after this segment, and what it means to the user. */
static void carry_out_state(struct sock *sk, const struct xtcp_verdict *v)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (v->state == xs->tcb.state)
		return;
	switch (v->state) {
	case XTCP_CLOSED:
		xtcp_done(sk);
		return;
	case XTCP_TIME_WAIT:
		xtcp_timewait_enter(sk);
		xtcp_done(sk);
		return;
	case XTCP_FIN_WAIT_2:
		xtcp_state_set(sk, XTCP_FIN_WAIT_2);
		if (sock_flag(sk, SOCK_DEAD))
			xtcp_input_fin_wait_2(sk);
		else
			sk->sk_state_change(sk);	/* close() may linger for it */
		return;
	default:
		xtcp_state_set(sk, v->state);
	}
}

/*
 * One ACK for all segments that come in one go (RFC 9293 MUST-59), when the last is in:
 * those that waited while the user held the socket, who is letting go, and release_cb is
 * next; or those that a softirq takes.
 */
static void ack_batch(struct sock *sk)
{
	xtcp_sk(sk)->rcv.ack_deferred = true;
	if (!sock_owned_by_user(sk))
		xtcp_batch_add(sk);
}

void xtcp_input_ack_deferred(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->rcv.ack_deferred = false;
	/* Text of ours may have told it, or the connection ended. */
	if (xs->tcb.state != XTCP_CLOSED && xs->rcv.acked_seq != xs->tcb.rcv_nxt)
		xtcp_output_ack(sk);
}

/*
 * Of @owed octets, is that more than one full segment? A full one behind a rest is not: the
 * rest of what the peer has to say now follows, and who writes so is answered at its end.
 */
static bool second_segment(const struct xtcp_sock *xs, u32 owed, u32 text_len)
{
	u32 mss = xs->rcv.mss;

	return owed >= 2 * mss || (owed > mss && text_len != mss);
}

/*
 * Many segments came as one, which is more than an ACK for each second saves, and the user
 * is called: when he has read them his ACK says that they came and that there is room
 * again, in one segment where there would be two. He has a millisecond. Not who wants more
 * than has come (SO_RCVLOWAT), for he is not called; nor for a full one and a rest: the peer
 * may wait for the ACK of that (Nagle), and who reads it says nothing.
 */
static bool reader_acks(const struct sock *sk, u32 owed, u32 text_len)
{
	const struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;

	return owed >= 2 * rcv->mss && text_len > rcv->mss && !rcv->quick_acks &&
	       xtcp_receive_wakes(sk) && !xtcp_route_metric(sk, RTAX_QUICKACK);
}

/*
 * RFC 9293 3.8.6.3, RFC 5681 4.2: at once for each second full segment, also where the
 * second is the rest of what the peer had to say; and while a gap is open, which this may
 * have filled in part. Where the verdict wants an ACK the peer waits for it, a duplicate
 * one perhaps.
 */
static void acknowledge_text(struct sock *sk, const struct xtcp_verdict *v, u64 now_ns)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 owed = xs->tcb.rcv_nxt - xs->rcv.acked_seq;
	/* The third segment of the handshake may have been text. */
	bool opened = (v->events & XTCP_EV_ESTABLISHED) && !xs->tcb.passive;

	if (!owed && (v->reply != XTCP_REPLY_ACK || opened)) {
		return;				/* a segment of ours told it */
	} else if (v->reply == XTCP_REPLY_ACK || !RB_EMPTY_ROOT(&xs->rcv.ooo)) {
		xtcp_output_ack(sk);
	} else if (reader_acks(sk, owed, v->text_len)) {
		xtcp_timers_ack_owed(sk, now_ns, true);
	} else if (second_segment(xs, owed, v->text_len) || xs->rcv.quick_acks ||
		   xtcp_route_metric(sk, RTAX_QUICKACK)) {
		if (xs->rcv.quick_acks)
			xs->rcv.quick_acks--;
		ack_batch(sk);
	} else {
		/* Behind a rest: what follows may wait for this ACK (Nagle). */
		xtcp_timers_ack_owed(sk, now_ns, owed > xs->rcv.mss);
	}
}

static void carry_out(struct sock *sk, struct sk_buff *skb, const struct xtcp_segment *seg,
		      struct xtcp_verdict *v, u64 now_ns)
{
	bool fin, text = v->events & XTCP_EV_TEXT;

	/* Whoever closes soon answers FIN and ACK in one: it waits as text does. */
	if ((v->events & XTCP_EV_FIN) && v->state == XTCP_CLOSE_WAIT) {
		v->reply = XTCP_REPLY_NONE;
		text = true;
	}
	if (v->events & XTCP_EV_ESTABLISHED) {
		sample_handshake(sk, seg, now_ns);
		established(sk);
		/* A child has its listener's label. */
		if (!xtcp_sk(sk)->tcb.passive)
			security_inet_conn_established(sk, skb);
	}
	carry_out_ack(sk, seg, v, now_ns);
	if ((v->events & XTCP_EV_ESTABLISHED) && !xtcp_sk(sk)->tcb.passive)
		xtcp_fastopen_answered(sk, seg);
	else if (xtcp_sk(sk)->own->fastopen.tried)
		xtcp_fastopen_watch(sk, v);
	if (v->events & (XTCP_EV_TEXT | XTCP_EV_OUT_OF_ORDER)) {
		note_path(sk, skb);
		xtcp_receive_text(sk, skb, v);
	} else {
		xtcp_drop_segment(xtcp_sk_net(sk), skb, v->drop);
	}
	fin = v->events & XTCP_EV_FIN;
	if (fin)
		carry_out_fin(sk);
	/* Text goes out first: it carries the ACK that may be owed. */
	xtcp_push_text(sk);
	/* There is room again, and less that waits unsent (TCP_NOTSENT_LOWAT). */
	if (v->events & (XTCP_EV_ACKED | XTCP_EV_WINDOW | XTCP_EV_DUPACK))
		sk->sk_write_space(sk);
	if (v->reply == XTCP_REPLY_SYN_ACK) {
		xtcp_state_set(sk, XTCP_SYN_RCVD);
		xtcp_output_syn_ack(sk);
		xtcp_timers_syn_sent(sk);
	} else if (v->reply || text) {
		acknowledge_text(sk, v, now_ns);
	}
	carry_out_state(sk, v);
	if (fin)
		wake_fin(sk);
	else if (text)
		xtcp_receive_wake(sk);
}

/* No room: what the header says still counts, the text comes again. */
static void refuse_text(struct xtcp_segment *seg)
{
	seg->text_len = 0;
	seg->ctl &= ~XTCP_FIN;
}

/*
 * There is no room for what @seg brings, but at the cost of what is queued: ask first
 * whether it will be taken (RFC 9293 3.10.7.4), a copy of the control block, for the
 * answer changes it. A FIN alone and in order takes none.
 */
static bool admit_at_a_cost(struct sock *sk, struct sk_buff *skb,
			    const struct xtcp_segment *seg, u64 now_us)
{
	struct xtcp_tcb tcb = xtcp_sk(sk)->tcb;
	struct xtcp_verdict v;

	xtcp_segment_arrives(&tcb, seg, now_us, &v);
	if (!(v.events & (XTCP_EV_TEXT | XTCP_EV_OUT_OF_ORDER)))
		return true;
	return xtcp_receive_make_room(sk, skb, &v);
}

/* Room for what @seg brings. */
static bool admit(struct sock *sk, struct sk_buff *skb, const struct xtcp_segment *seg,
		  u64 now_us)
{
	return (!seg->text_len && !(seg->ctl & XTCP_FIN)) || xtcp_receive_admit(sk, skb) ||
	       admit_at_a_cost(sk, skb, seg, now_us);
}

void xtcp_input_mark(struct sock *sk, const struct sk_buff *skb)
{
	sock_rps_save_rxhash(sk, skb);
	sk_mark_napi_id(sk, skb);
}

/*
 * What we send arrives, so the neighbour it goes by is there (RFC 4861 7.3.1): the peer
 * acknowledges something, or says once more where it is and nothing else. Text, or a
 * larger window, it may send without hearing us.
 */
static bool hears_us(const struct sk_buff *skb, const struct xtcp_verdict *v)
{
	const struct xtcp_skb_cb *cb = XTCP_SKB_CB(skb);

	return v->events & (XTCP_EV_ACKED | XTCP_EV_ESTABLISHED) ||
	       (cb->seq == cb->end_seq && !(v->events & XTCP_EV_WINDOW));
}

/* A segment of the peer's came, and the connection has some use for it. */
static void heard(struct sock *sk, const struct sk_buff *skb, const struct xtcp_verdict *v,
		  u64 now_ns)
{
	xtcp_timers_heard(sk, now_ns);
	/* What ICMP hinted at is over: it is not why we give up one day. */
	WRITE_ONCE(sk->sk_err_soft, 0);
	if (hears_us(skb, v))
		sk_dst_confirm(sk);
}

/* What header prediction knows nothing of. @refused: there is no room for its text. */
static void unusual(struct sock *sk, struct sk_buff *skb, struct xtcp_segment *seg,
		    u64 now_ns, bool refused)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	bool stood_before = before_urgent_octet(sk);
	struct xtcp_verdict v;

	if (refused)
		refuse_text(seg);
	xtcp_segment_arrives(&xs->tcb, seg, xtcp_us_at(now_ns), &v);
	if (xtcp_tcb_lacks_timestamp(&xs->tcb, seg) && v.drop != XTCP_DROP_NO_TIMESTAMP)
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_NO_TIMESTAMP);
	if (refused) {
		/* It had text, and so tells of nothing that left (RFC 5681 2). */
		v.events &= ~XTCP_EV_DUPACK;
		if (!v.reply)
			v.reply = XTCP_REPLY_ACK;	/* alive, and still at rcv_nxt */
	}
	if (v.events & XTCP_EV_RESET) {
		carry_out_reset(sk, &v);
		xtcp_drop_segment(xtcp_sk_net(sk), skb, v.drop);
		return;
	}
	if (v.drop && !(v.events & ~XTCP_EV_SYN_AGAIN)) {
		answer_dropped(sk, skb, seg, &v);
		xtcp_drop_segment(xtcp_sk_net(sk), skb, v.drop);
		return;
	}
	if (refused)
		v.drop = XTCP_DROP_NO_ROOM;
	heard(sk, skb, &v, now_ns);
	if (v.events & XTCP_EV_URGENT)
		carry_out_urgent(sk, stood_before);
	carry_out(sk, skb, seg, &v, now_ns);
	/* More may not come before he reads. */
	if (refused)
		xtcp_receive_wake(sk);
}

void xtcp_input_segment(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u64 now_ns = ktime_get_ns(), now_us = xtcp_us_at(now_ns);
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	bool refused;

	xtcp_header_parse(skb, &seg);
	xtcp_input_mark(sk, skb);
	xs->stats.segs_in += xtcp_skb_segments(skb);
	xs->stats.data_segs_in += seg.text_len ? xtcp_skb_segments(skb) : 0;
	xs->tcb.paws_idle_us = xtcp_net_paws_idle_us(xtcp_sk_net(sk));
	refused = !admit(sk, skb, &seg, now_us);
	if (!refused && xtcp_segment_predict(&xs->tcb, &seg, now_us, &v)) {
		heard(sk, skb, &v, now_ns);
		carry_out(sk, skb, &seg, &v, now_ns);
	} else {
		unusual(sk, skb, &seg, now_ns, refused);
	}
}
