// SPDX-License-Identifier: GPL-2.0
/* TCP_INFO: what the connection knows of itself, in the kernel's struct. */

#include <linux/tcp.h>
#include <net/sock.h>
#include <xtcp/socket.h>

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

static u8 options(const struct xtcp_tcb *tcb)
{
	return (tcb->ts_ok ? TCPI_OPT_TIMESTAMPS : 0) |
	       (tcb->sack_ok ? TCPI_OPT_SACK : 0) |
	       (tcb->wscale_ok ? TCPI_OPT_WSCALE : 0);
}

/* Windows are octets here, segments there. */
static u32 segments(const struct xtcp_cong *cong, u32 octets)
{
	return cong->mss ? octets / cong->mss : 0;
}

static void fill_listener(const struct sock *sk, struct tcp_info *info)
{
	/* As the kernel: the accept queue, and its limit. */
	info->tcpi_unacked = READ_ONCE(sk->sk_ack_backlog);
	info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
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
	info->tcpi_rcv_ooopack = stats->ooo;
}

void xtcp_info_fill(struct sock *sk, struct tcp_info *info)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct xtcp_cong *cong = &xs->cong;
	u32 now_ms;

	info->tcpi_state = sk->sk_state;
	if (sk->sk_state == TCP_LISTEN) {
		fill_listener(sk, info);
		return;
	}
	info->tcpi_ca_state = ca_state(cong);
	info->tcpi_retransmits = xs->retransmits;
	info->tcpi_probes = xs->probes;
	info->tcpi_backoff = xs->backoff;
	info->tcpi_options = options(&xs->tcb);
	info->tcpi_snd_wscale = xs->tcb.snd_wscale;
	info->tcpi_rcv_wscale = xs->tcb.rcv_wscale;
	info->tcpi_rto = xs->rtt.rto_us;
	info->tcpi_ato = xtcp_knob(xtcp_sk_net(sk), delack_ms) * USEC_PER_MSEC;
	info->tcpi_snd_mss = xs->snd.mss;
	info->tcpi_rcv_mss = xs->rcv.mss;
	info->tcpi_unacked = segments(cong, xs->tcb.snd_nxt - xs->tcb.snd_una);
	info->tcpi_pmtu = xs->snd.pmtu;
	info->tcpi_rtt = xs->rtt.srtt_us;
	info->tcpi_rttvar = xs->rtt.rttvar_us;
	info->tcpi_min_rtt = xs->rtt.min_us;
	info->tcpi_snd_ssthresh = cong->ssthresh == U32_MAX ? 0x7fffffff :
				  segments(cong, cong->ssthresh);
	info->tcpi_snd_cwnd = segments(cong, cong->cwnd);
	info->tcpi_rcv_space = sk->sk_rcvbuf / 2;
	fill_stats(&xs->stats, info);
	info->tcpi_notsent_bytes = xs->snd.write_seq - xs->tcb.snd_nxt;
	info->tcpi_snd_wnd = xs->tcb.snd_wnd;
	now_ms = div_u64(ktime_get_ns() - xs->heard_ns, NSEC_PER_MSEC);
	info->tcpi_last_data_recv = xs->heard_ns ? now_ms : 0;
	info->tcpi_last_ack_recv = info->tcpi_last_data_recv;
}
