// SPDX-License-Identifier: GPL-2.0
/* TCP_INFO while something happens: module/socket/info.c. What the kernel's TCP would say, but for SACK. */

#include <linux/tcp.h>
#include "../wire.h"

/* What is on its way, and what is thought of it: (state, unacked, sacked, lost, retrans). */
#define EXPECT_FLIGHT(w, state, unacked, sacked, lost, retrans) do {	\
	struct tcp_info info_ = wire_info(w, A);				\
									\
	WIRE_EQ(w, info_.tcpi_ca_state, state);				\
	WIRE_EQ(w, info_.tcpi_unacked, unacked);			\
	WIRE_EQ(w, info_.tcpi_sacked, sacked);				\
	WIRE_EQ(w, info_.tcpi_lost, lost);				\
	WIRE_EQ(w, info_.tcpi_retrans, retrans);			\
} while (0)

static void ack(struct wire *w, u32 ack)
{
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = ack);
}

/* From the first duplicate ACK to the end of recovery. */
static void info__fast_recovery(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct tcp_info info;

	ack(w, 1);	/* the window that the next ones repeat */
	EXPECT_FLIGHT(w, TCP_CA_Open, 0, 0, 0, 0);
	WIRE_EQ(w, wire_send(w, A, 8000), 8000);
	EXPECT_FLIGHT(w, TCP_CA_Open, 8, 0, 0, 0);
	ack(w, 1);
	EXPECT_FLIGHT(w, TCP_CA_Disorder, 8, 1, 0, 0);
	ack(w, 1);
	EXPECT_FLIGHT(w, TCP_CA_Disorder, 8, 2, 0, 0);
	ack(w, 1);
	EXPECT_FLIGHT(w, TCP_CA_Recovery, 8, 3, 0, 1);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_snd_ssthresh, 4);
	WIRE_EQ(w, info.tcpi_snd_cwnd, 7);
	WIRE_EQ(w, info.tcpi_total_retrans, 1);
	WIRE_EQ(w, info.tcpi_bytes_retrans, 1000);
	WIRE_EQ(w, info.tcpi_bytes_sent, 9000);
	WIRE_EQ(w, info.tcpi_retransmits, 0);
	ack(w, 8001);
	EXPECT_FLIGHT(w, TCP_CA_Open, 0, 0, 0, 0);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_total_retrans, 1);
	WIRE_EQ(w, info.tcpi_bytes_acked, 8001);
	WIRE_EQ(w, info.tcpi_delivered, 9);
}

/* A timeout takes all for lost; what was sent again since is on its way. */
static void info__timeout(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct tcp_info info;
	u32 rto;

	WIRE_EQ(w, wire_send(w, A, 4000), 4000);
	rto = wire_info(w, A).tcpi_rto;
	wire_run_ms(w, rto / 1000 + 10);
	EXPECT_FLIGHT(w, TCP_CA_Loss, 4, 0, 3, 1);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_retransmits, 1);
	WIRE_EQ(w, info.tcpi_backoff, 1);
	WIRE_EQ(w, info.tcpi_rto, 2 * rto);
	WIRE_EQ(w, info.tcpi_snd_cwnd, 1);
	WIRE_EQ(w, info.tcpi_snd_ssthresh, 2);
	wire_run_ms(w, 2 * rto / 1000 + 10);
	EXPECT_FLIGHT(w, TCP_CA_Loss, 4, 0, 3, 1);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_retransmits, 2);
	WIRE_EQ(w, info.tcpi_backoff, 2);
	WIRE_EQ(w, info.tcpi_rto, 4 * rto);
	WIRE_EQ(w, info.tcpi_total_retrans, 2);
	/* Slow start sends two of the rest. */
	ack(w, 1001);
	EXPECT_FLIGHT(w, TCP_CA_Loss, 3, 0, 1, 2);
	WIRE_EQ(w, wire_info(w, A).tcpi_retransmits, 0);
	ack(w, 4001);
	EXPECT_FLIGHT(w, TCP_CA_Open, 0, 0, 0, 0);
	WIRE_EQ(w, wire_info(w, A).tcpi_backoff, 0);
}

/* Probes of a window are no losses: the RTO is what it was. */
static void info__zero_window(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct tcp_info info;
	u32 rto;

	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1, .wnd = WIRE_WND_0);
	rto = wire_info(w, A).tcpi_rto;
	WIRE_EQ(w, wire_info(w, A).tcpi_snd_wnd, 0);
	WIRE_EQ(w, wire_send(w, A, 4000), 4000);
	wire_run_ms(w, 4 * rto / 1000);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_ca_state, TCP_CA_Open);
	WIRE_EQ(w, info.tcpi_unacked, 0);
	WIRE_EQ(w, info.tcpi_notsent_bytes, 4000);
	WIRE_EQ(w, info.tcpi_probes, 2);
	WIRE_EQ(w, info.tcpi_backoff, 2);
	WIRE_EQ(w, info.tcpi_retransmits, 0);
	WIRE_EQ(w, info.tcpi_rto, rto);
	WIRE_EQ(w, info.tcpi_rwnd_limited / 1000 >= 4 * rto / 1000 - 20, true);
	WIRE_EQ(w, info.tcpi_rwnd_limited / 1000 <= 4 * rto / 1000 + 20, true);
	WIRE_EQ(w, info.tcpi_sndbuf_limited, 0);
	WIRE_EQ(w, info.tcpi_busy_time, info.tcpi_rwnd_limited);
	ack(w, 1);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_probes, 0);
	WIRE_EQ(w, info.tcpi_backoff, 0);
	WIRE_EQ(w, info.tcpi_unacked, 4);
	WIRE_EQ(w, info.tcpi_notsent_bytes, 0);
	WIRE_EQ(w, info.tcpi_snd_wnd, 65535U << info.tcpi_snd_wscale);
}

/* Text that comes: in order, ahead of it, and when. */
static void info__of_a_receiver(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct tcp_info info = wire_info(w, B);
	u32 in = info.tcpi_segs_in, out = info.tcpi_segs_out;

	WIRE_EQ(w, info.tcpi_ato, 0);
	WIRE_EQ(w, info.tcpi_rcv_ooopack, 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 700);
	wire_inject(w, A, XTCP_ACK, .seq = 1001, .ack = 1, .len = 1000);
	wire_run_ms(w, 300);
	info = wire_info(w, B);
	WIRE_EQ(w, info.tcpi_ato, xtcp_knob(w->xn, delack_ms) * 1000);
	WIRE_EQ(w, info.tcpi_rcv_ooopack, 1);
	WIRE_EQ(w, info.tcpi_bytes_received, 700);
	WIRE_EQ(w, info.tcpi_data_segs_in, 2);
	WIRE_EQ(w, info.tcpi_segs_in, in + 2);
	WIRE_EQ(w, info.tcpi_segs_out, out + 2);
	WIRE_EQ(w, info.tcpi_data_segs_out, 0);
	WIRE_EQ(w, info.tcpi_rcv_mss, 1000);
	WIRE_EQ(w, info.tcpi_last_data_recv >= 290 && info.tcpi_last_data_recv <= 320, true);
	WIRE_EQ(w, info.tcpi_last_ack_recv >= 290 && info.tcpi_last_ack_recv <= 320, true);
	/* An ACK alone is no text. */
	wire_inject(w, A, XTCP_ACK, .seq = 701, .ack = 1);
	info = wire_info(w, B);
	WIRE_EQ(w, info.tcpi_last_data_recv >= 290, true);
	WIRE_EQ(w, info.tcpi_last_ack_recv <= 10, true);
	WIRE_EQ(w, info.tcpi_data_segs_in, 2);
	wire_inject(w, A, XTCP_ACK, .seq = 701, .ack = 1, .len = 300);
	WIRE_EQ(w, wire_info(w, B).tcpi_bytes_received, 2000);
}

/* What was agreed on, and what came of it. */
static void info__sizes(struct kunit *test)
{
	struct wire *w = test->priv;
	struct tcp_info a, b;
	unsigned int ip = wire_is_ipv6(w) ? 40 : 20;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, 600), 0);
	wire_establish(w);
	a = wire_info(w, A);
	b = wire_info(w, B);
	WIRE_EQ(w, a.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_WSCALE);
	WIRE_EQ(w, a.tcpi_snd_mss, 588);
	WIRE_EQ(w, a.tcpi_advmss, WIRE_TEXT);
	WIRE_EQ(w, b.tcpi_snd_mss, 588);
	WIRE_EQ(w, b.tcpi_advmss, 588);
	WIRE_EQ(w, a.tcpi_pmtu, WIRE_MSS + 20 + ip);
	WIRE_EQ(w, a.tcpi_snd_wscale, b.tcpi_rcv_wscale);
	WIRE_EQ(w, a.tcpi_rcv_wscale > 0, true);
	WIRE_EQ(w, a.tcpi_min_rtt >= 19000 && a.tcpi_min_rtt <= 21000, true);
	WIRE_EQ(w, a.tcpi_rtt >= 19000 && a.tcpi_rtt <= 21000, true);
	WIRE_EQ(w, a.tcpi_rttvar > 0 && a.tcpi_rttvar <= a.tcpi_rtt, true);
	WIRE_EQ(w, a.tcpi_reordering, 3);
	WIRE_EQ(w, a.tcpi_snd_ssthresh, 0x7fffffff);
}

static void info__nothing_agreed(struct kunit *test)
{
	struct wire *w = test->priv;
	struct tcp_info info;

	wire_knob(w, timestamps, 0);
	wire_knob(w, window_scaling, 0);
	wire_establish(w);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_options, 0);
	WIRE_EQ(w, info.tcpi_snd_wscale, 0);
	WIRE_EQ(w, info.tcpi_rcv_wscale, 0);
	WIRE_EQ(w, info.tcpi_snd_mss, WIRE_MSS);
	WIRE_EQ(w, info.tcpi_advmss, WIRE_MSS);
}

/* On the way to it, and who waits for it. */
static void info__opening(struct kunit *test)
{
	struct wire *w = test->priv;
	struct tcp_info info;

	wire_knob(w, initial_cwnd, 7);
	wire_knob(w, reordering, 5);
	WIRE_EQ(w, wire_listen(w, B, 6), 0);
	info = wire_info(w, B);
	WIRE_EQ(w, info.tcpi_state, TCP_LISTEN);
	WIRE_EQ(w, info.tcpi_unacked, 0);
	WIRE_EQ(w, info.tcpi_sacked, 6);
	WIRE_EQ(w, info.tcpi_snd_cwnd, 7);
	WIRE_EQ(w, info.tcpi_reordering, 5);
	wire_drop(w, A, WIRE_SYN, 1, 2);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 1500);
	info = wire_info(w, A);
	WIRE_EQ(w, info.tcpi_state, TCP_SYN_SENT);
	WIRE_EQ(w, info.tcpi_unacked, 1);
	WIRE_EQ(w, info.tcpi_retransmits, 1);
	WIRE_EQ(w, info.tcpi_total_retrans, 1);
	WIRE_EQ(w, info.tcpi_rto, 2000000);
	WIRE_EQ(w, info.tcpi_snd_cwnd, 7);
	WIRE_EQ(w, info.tcpi_last_ack_recv, 0);
	WIRE_EQ(w, info.tcpi_last_data_recv, 0);
	wire_run_ms(w, 1700);
	WIRE_EQ(w, wire_info(w, A).tcpi_state, TCP_ESTABLISHED);
	WIRE_EQ(w, wire_info(w, A).tcpi_retransmits, 0);
	WIRE_EQ(w, wire_info(w, B).tcpi_unacked, 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_info(w, B).tcpi_state, TCP_ESTABLISHED);
}

/* Who accepted is told what became of the SYN-ACKs, as the kernel's TCP tells. */
static void info__syn_ack_lost(struct kunit *test)
{
	struct wire *w = test->priv;
	struct xtcp_stats *stats;

	wire_drop(w, A, WIRE_SYN, 2, WIRE_FOREVER);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 2);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	stats = &wire_xs(w, B)->stats;
	WIRE_EQ(w, wire_info(w, B).tcpi_total_retrans, 2);
	WIRE_EQ(w, wire_info(w, B).tcpi_retransmits, 0);
	WIRE_EQ(w, stats->rtos, 2);
	WIRE_EQ(w, stats->rto_recoveries, 1);
	WIRE_EQ(w, stats->rto_time_ms, 3020);	/* since the first of them */
}

WIRE_SUITES(xtcp_info_wire,
	KUNIT_CASE_SLOW(info__fast_recovery),
	KUNIT_CASE_SLOW(info__timeout),
	KUNIT_CASE_SLOW(info__zero_window),
	KUNIT_CASE_SLOW(info__of_a_receiver),
	KUNIT_CASE_SLOW(info__sizes),
	KUNIT_CASE_SLOW(info__nothing_agreed),
	KUNIT_CASE_SLOW(info__opening),
	KUNIT_CASE_SLOW(info__syn_ack_lost),
	{ });
