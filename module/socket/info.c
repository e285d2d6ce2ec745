// SPDX-License-Identifier: GPL-2.0
/*
 * TCP_INFO: what the connection knows of itself, in the kernel's struct and as
 * the kernel's TCP counts, so that programs may compare the two.
 *
 * Always 0: fackets, last_ack_sent (the kernel remembers neither); lost where
 * only duplicate ACKs are known; delivery_rate and its app_limited (no rate is
 * measured); delivered_ce (no ECN); dsack_dups, reord_seen (no DSACK); rehash
 * (other paths are taken, not counted).
 */

#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <xtcp/mss.h>
#include <xtcp/skb.h>
#include <xtcp/socket.h>
#include <xtcp/window.h>

static u8 ca_state(const struct xtcp_cong *cong)
{
	switch (cong->phase) {
	case XTCP_CONG_RECOVERY:
		return TCP_CA_Recovery;
	case XTCP_CONG_LOSS:
		return TCP_CA_Loss;
	default:
		return cong->dupacks ? TCP_CA_Disorder : TCP_CA_Open;
	}
}

static u8 options(const struct xtcp_sock *xs)
{
	const struct xtcp_tcb *tcb = &xs->tcb;

	return (xs->own->fastopen.text_acked ? TCPI_OPT_SYN_DATA : 0) |
	       (tcb->ts_ok ? TCPI_OPT_TIMESTAMPS : 0) |
	       (tcb->sack_ok ? TCPI_OPT_SACK : 0) |
	       (tcb->wscale_ok ? TCPI_OPT_WSCALE : 0);
}

/* Windows are octets here, segments there: to the nearest, for the MSS may have changed. */
static u32 segments(const struct xtcp_cong *cong, u32 octets)
{
	return cong->mss ? DIV_ROUND_CLOSEST(octets, cong->mss) : 0;
}

/* Of these, the kernel tells also of a listener. */
static void fill_any(const struct sock *sk, struct tcp_info *info)
{
	const struct xtcp_cong *cong = &xtcp_sk(sk)->cong;
	struct xtcp_net *xn = xtcp_sk_net(sk);

	info->tcpi_state = sk->sk_state;
	info->tcpi_reordering = xtcp_knob(xn, reordering);
	/* Before the handshake: what it will be (RFC 6928). */
	info->tcpi_snd_cwnd = cong->mss ? segments(cong, cong->cwnd) :
					  xtcp_knob(xn, initial_cwnd);
	/* Not ours to set; a qdisc (fq) may obey them. */
	info->tcpi_pacing_rate = READ_ONCE(sk->sk_pacing_rate);
	info->tcpi_max_pacing_rate = READ_ONCE(sk->sk_max_pacing_rate);
}

static void fill_listener(const struct sock *sk, struct tcp_info *info)
{
	/* As the kernel: the accept queue, and its limit. */
	info->tcpi_unacked = READ_ONCE(sk->sk_ack_backlog);
	info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
}

/* Segments on their way, and what is thought of them. */
static void fill_flight(const struct xtcp_sock *xs, struct tcp_info *info)
{
	const struct xtcp_cong *cong = &xs->cong;
	const struct xtcp_skb_cb *cb;
	struct sk_buff *skb;

	info->tcpi_unacked = xs->snd.segments_out +
		((1 << xs->tcb.state & (TCPF_SYN_SENT | TCPF_SYN_RECV)) != 0);
	info->tcpi_sacked = min_t(u32, cong->dupacks, info->tcpi_unacked);
	for (skb = xtcp_queue_oldest((const struct sock *)xs); skb; skb = xtcp_queue_next(skb)) {
		cb = XTCP_SKB_CB(skb);
		if (cong->phase == XTCP_CONG_LOSS && xtcp_seq_geq(cb->seq, cong->resend) &&
		    xtcp_seq_lt(cb->seq, cong->recover))
			info->tcpi_lost += xtcp_queue_segments(skb);
		else if (cb->retransmits)
			info->tcpi_retrans += xtcp_queue_segments(skb);
	}
}

static void fill_rtt(const struct sock *sk, struct tcp_info *info)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	/* Backed off for what is lost; not for probes of a window. */
	info->tcpi_rto = xs->due_ns[XTCP_TIMER_PERSIST] ? xs->rtt.rto_us :
			 div_u64(xtcp_timers_rto_ns(sk), NSEC_PER_USEC);
	info->tcpi_rtt = xs->rtt.srtt_us;
	info->tcpi_rttvar = xs->rtt.rttvar_us;
	info->tcpi_min_rtt = xs->rtt.srtt_us ? xs->rtt.min_us : U32_MAX;
	info->tcpi_rcv_rtt = xs->rcv.rtt_us;
	xtcp_info_set_rtos(info, xs->stats.rtos, xs->stats.rto_recoveries,
			   xs->stats.rto_time_ms + xtcp_timers_recovery_ms(xs));
}

/* Segment sizes and windows. */
static void fill_sizes(struct sock *sk, struct tcp_info *info)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);

	info->tcpi_snd_mss = xs->snd.mss;
	info->tcpi_rcv_mss = xs->rcv.mss;
	info->tcpi_pmtu = xs->snd.pmtu;
	if (dst)
		info->tcpi_advmss = xtcp_mss_announced(sk, xs->af, dst) -
				    (xs->tcb.ts_ok ? XTCP_OLEN_TS_ALIGNED : 0);
	info->tcpi_snd_ssthresh = xs->cong.ssthresh == U32_MAX ? 0x7fffffff :
				  segments(&xs->cong, xs->cong.ssthresh);
	info->tcpi_rcv_ssthresh = xtcp_window_largest(sk);
	info->tcpi_rcv_space = xs->rcv.space;
	info->tcpi_snd_wnd = xs->tcb.snd_wnd;
	/* As the last segment announced it. */
	xtcp_info_set_rcv_wnd(info, xs->tcb.state == XTCP_SYN_SENT ? xs->tcb.rcv_adv :
			      xs->tcb.rcv_adv - xs->tcb.last_ack_sent);
}

/* Ages; 0 before there is a connection. */
static void fill_times(const struct xtcp_sock *xs, struct tcp_info *info)
{
	if (!xs->heard_ns)
		return;
	info->tcpi_last_data_sent = jiffies_to_msecs((u32)jiffies - xs->stats.data_sent);
	info->tcpi_last_data_recv = jiffies_to_msecs((u32)jiffies - xs->stats.data_recv);
	/* Each segment that is not dropped carries an ACK. */
	info->tcpi_last_ack_recv = div_u64(ktime_get_ns() - xs->heard_ns, NSEC_PER_MSEC);
	/* Nothing to delay yet? The kernel says so, too. */
	if (xs->stats.data_segs_in)
		info->tcpi_ato = xtcp_knob(xtcp_sk_net((const struct sock *)xs), delack_ms) *
				 USEC_PER_MSEC;
}

static u64 limited_us(const struct xtcp_sock *xs, enum xtcp_limit limit)
{
	u32 time = xs->stats.limited[limit - 1];

	if (xs->snd.limit == limit)
		time += (u32)jiffies - xs->snd.limit_since;
	return (u64)time * (USEC_PER_SEC / HZ);
}

static void fill_limits(const struct xtcp_sock *xs, struct tcp_info *info)
{
	info->tcpi_rwnd_limited = limited_us(xs, XTCP_LIMIT_RWND);
	info->tcpi_sndbuf_limited = limited_us(xs, XTCP_LIMIT_SNDBUF);
	info->tcpi_busy_time = limited_us(xs, XTCP_LIMIT_BUSY) +
			       info->tcpi_rwnd_limited + info->tcpi_sndbuf_limited;
}

static void fill_stats(const struct xtcp_stats *stats, struct tcp_info *info)
{
	info->tcpi_total_retrans = stats->retrans;
	info->tcpi_bytes_sent = stats->bytes_sent;
	info->tcpi_bytes_retrans = stats->bytes_retrans;
	info->tcpi_bytes_acked = stats->bytes_acked;
	info->tcpi_bytes_received = stats->bytes_received;
	info->tcpi_segs_out = stats->segs_out;
	info->tcpi_segs_in = stats->segs_in;
	info->tcpi_data_segs_out = stats->data_segs_out;
	info->tcpi_data_segs_in = stats->data_segs_in;
	info->tcpi_delivered = stats->delivered;
	info->tcpi_rcv_ooopack = stats->ooo;
}

void xtcp_info_fill(struct sock *sk, struct tcp_info *info)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	fill_any(sk, info);
	if (sk->sk_state == TCP_LISTEN) {
		fill_listener(sk, info);
		return;
	}
	info->tcpi_ca_state = ca_state(&xs->cong);
	info->tcpi_retransmits = xs->retransmits;
	info->tcpi_probes = xs->probes;
	info->tcpi_backoff = xs->backoff;
	info->tcpi_options = options(xs);
	info->tcpi_fastopen_client_fail = xs->own->fastopen.client_fail;
	info->tcpi_snd_wscale = xs->tcb.snd_wscale;
	info->tcpi_rcv_wscale = xs->tcb.wscale_ok ? xs->tcb.rcv_wscale : 0;
	info->tcpi_notsent_bytes = xs->snd.write_seq - xs->tcb.snd_nxt;
	fill_flight(xs, info);
	fill_rtt(sk, info);
	fill_sizes(sk, info);
	fill_times(xs, info);
	fill_limits(xs, info);
	fill_stats(&xs->stats, info);
}
