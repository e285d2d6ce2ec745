// SPDX-License-Identifier: GPL-2.0
/*
 * Every knob, its default, range and source in one table. A value out of range is
 * EINVAL. What a new value does to those who wait: admin/sysctl.c.
 */

#include <linux/bits.h>
#include <linux/module.h>
#include <xtcp/knobs.h>
#include <xtcp/net.h>
#include <uapi/linux/xtcp.h>

static bool experiments;
module_param(experiments, bool, 0444);
MODULE_PARM_DESC(experiments, "allow knobs to break TCP on purpose");

static const char *const isn_modes[] = {
	[XTCP_ISN_RFC6528]	= "rfc6528",
	[XTCP_ISN_RANDOM]	= "random",
	[XTCP_ISN_CONSTANT]	= "constant",
};

#define KNOB(name_, value_, min_, max_, rfc_, what_, ...)		\
	{ .name = #name_, .offset = offsetof(struct xtcp_knobs, name_),	\
	  .value = (value_), .min = (min_), .max = (max_),		\
	  .rfc = (rfc_), .what = (what_), ##__VA_ARGS__ }

#define DAY_MS (24 * 3600 * 1000U)

const struct xtcp_knob_row xtcp_knob_rows[] = {
	KNOB(syn_retries, 5, 1, 127, "RFC 9293 3.8.3",
	     "times a SYN is sent again before connect() fails with ETIMEDOUT"),
	KNOB(synack_retries, 5, 0, 127, "RFC 9293 3.8.3",
	     "times a SYN-ACK is sent again before a half-open connection is dropped"),
	KNOB(syn_linear_timeouts, 0, 0, 127, "RFC 6298 5.5",
	     "before those, as many more without doubling the timeout"),
	KNOB(synack_linear_timeouts, 0, 0, 127, "RFC 6298 5.5",
	     "the same of SYN-ACKs"),
	KNOB(rto_init_ms, 1000, 1, 60000, "RFC 6298 2.1",
	     "retransmission timeout before the first round trip is measured"),
	KNOB(rto_min_ms, 200, 1, 60000, "RFC 6298 2.4",
	     "floor of the retransmission timeout"),
	KNOB(rto_max_ms, 120000, 1000, 600000, "RFC 6298 2.5",
	     "ceiling of the retransmission timeout"),
	KNOB(retries1, 3, 0, 255, "RFC 9293 3.8.3 (R1)",
	     "timeouts in a row before IP is asked for another route"),
	KNOB(retries2, 15, 1, 255, "RFC 9293 3.8.3 (R2)",
	     "timeouts in a row before a connection is given up"),
	KNOB(orphan_retries, 8, 0, 255, "RFC 9293 3.8.3",
	     "the same for a connection that no process owns any more"),
	KNOB(local_retry_ms, 500, 1, 60000, "",
	     "what this machine refuses to send, its queues being full or memory short, is tried again after that"),
	KNOB(max_orphans, 65536, 0, 1U << 30, "",
	     "connections without a process; one more is reset"),
	KNOB(msl_ms, 30000, 1, 900000, "RFC 9293 3.4.2",
	     "maximum segment lifetime: TIME_WAIT lasts twice as long"),
	KNOB(max_tw, 262144, 0, 1U << 30, "",
	     "TIME_WAIT records; a connection beyond closes without one"),
	KNOB(tw_reuse, 2, 0, 2, "RFC 6191",
	     "connect() may take over a TIME_WAIT with timestamps: 0 never, 1 always, 2 on loopback"),
	KNOB(tw_reuse_delay_ms, 1000, 0, 1200000, "RFC 6191",
	     "how old that TIME_WAIT must be"),
	KNOB(fin_timeout_ms, 60000, 1, 3600000, "",
	     "time an orphan stays in FIN_WAIT_2"),
	KNOB(isn_tick_ns, 4000, 1, 1000000, "RFC 9293 3.4.1",
	     "tick of the clock M in ISN = M + F"),
	KNOB(wire_protocol, 253, 6, 253, "",
	     "IP protocol of new sockets: 253, or 6 to talk to any TCP", .ends = true),
	KNOB(isn_mode, XTCP_ISN_RFC6528, XTCP_ISN_RFC6528, XTCP_ISN_CONSTANT, "RFC 6528",
	     "where ISNs come from; constant is an experiment: old segments fit the new life",
	     .words = isn_modes, .safe = BIT(XTCP_ISN_RFC6528) | BIT(XTCP_ISN_RANDOM)),
	KNOB(isn_redraw, 0, 0, 1, "RFC 6528 3",
	     "writing 1 draws a new secret for F; reads 0"),
	KNOB(handshake_ways, 3, 2, 4, "RFC 9293 3.5",
	     "4: a listener sends ACK and SYN apart; 2: it is ESTABLISHED on SYN; both experiments",
	     .safe = BIT(3)),
	KNOB(max_syn_backlog, 1024, 1, 1U << 24, "RFC 4987 3.2",
	     "half-open connections of one listener"),
	KNOB(syncookies, 1, 0, 2, "RFC 4987 3.6",
	     "SYN cookies: 0 never, 1 when a half-open queue is full, 2 always"),
	KNOB(syncookie_lifetime_ms, 60000, 1000, 600000, "RFC 4987 3.6",
	     "a SYN cookie is good for at least that long, and for less than twice as long"),
	KNOB(fastopen, 1, 0, 0x607, "RFC 7413",
	     "Fast Open, a sum: 1 client, 2 server, 4 client without cookies, 512 server without, 1024 every listener"),
	KNOB(fastopen_cache, 256, 0, 65536, "RFC 7413 4.1.3",
	     "servers whose cookie and MSS a client remembers; 0 forgets them"),
	KNOB(fastopen_loss_ms, 60000, 0, DAY_MS, "RFC 7413 4.1.3.1",
	     "a server that lost a SYN with text gets no other for that long; doubled each time"),
	KNOB(fastopen_blackhole_ms, 3600000, 0, DAY_MS, "",
	     "Fast Open rests where text of it was swallowed; doubled up to 64 times; 0: it does not"),
	KNOB(fastopen_reset_hold_ms, 60000, 0, DAY_MS, "RFC 7413 5.1",
	     "so long a reset connection counts as one that Fast Open has not completed"),
	KNOB(abort_on_overflow, 0, 0, 1, "",
	     "RST instead of silence for a handshake that finds the accept queue full"),
	KNOB(reflect_tos, 0, 0, 1, "", "SYN-ACK and child take over the SYN's DSCP"),
	KNOB(fwmark_accept, 0, 0, 1, "", "SYN-ACK and child take over the SYN's mark"),
	KNOB(l3mdev_accept, 0, 0, 1, "",
	     "what is bound to no device, listener or connection, is for every VRF, too"),
	KNOB(delack_ms, 40, 0, 499, "RFC 9293 3.8.6.3",
	     "longest delay of an acknowledgment"),
	KNOB(keepalive_time_ms, 7200000, 1000, 30 * DAY_MS, "RFC 9293 3.8.4",
	     "silence before the first keepalive probe"),
	KNOB(keepalive_intvl_ms, 75000, 100, DAY_MS, "RFC 9293 3.8.4",
	     "time between keepalive probes"),
	KNOB(keepalive_probes, 9, 1, 127, "RFC 9293 3.8.4",
	     "probes without an answer before the connection is given up"),
	KNOB(window_scaling, 1, 0, 1, "RFC 7323 2", "offer and accept window scaling"),
	KNOB(timestamps, 1, 0, 2, "RFC 7323 3",
	     "offer and accept timestamps; 2: without a random offset"),
	KNOB(paws, 1, 0, 1, "RFC 7323 5",
	     "drop segments with old timestamps; 0 is an experiment", .safe = BIT(1)),
	KNOB(paws_idle_ms, 24 * DAY_MS, 1000, 24 * DAY_MS, "RFC 7323 5.5",
	     "a timestamp older than this does not reject segments"),
	KNOB(rfc1337, 1, 0, 1, "RFC 1337", "TIME_WAIT ignores RST"),
	KNOB(invalid_ratelimit_ms, 500, 0, 60000, "RFC 5961 7",
	     "shortest time between a connection's answers to invalid segments"),
	KNOB(challenge_ack_limit, 1000, 0, 1U << 30, "RFC 5961 7",
	     "challenge ACKs of a namespace in a second, about: half of it is random"),
	KNOB(min_snd_mss, 48, 48, 1460, "RFC 9293 3.7.1",
	     "smallest segment size an announced MSS or path MTU can bring about"),
	KNOB(gso, 1, 0, 1, "",
	     "text of many segments goes down as one, for IP or the device to cut up"),
	KNOB(limit_output_bytes, 1048576, 0, 1U << 30, "",
	     "octets of a connection that may wait in this machine; a millisecond's worth, two skbs at least"),
	KNOB(initial_cwnd, 10, 1, 1000, "RFC 6928 2",
	     "segments a new connection may send before the first ACK"),
	KNOB(abc_limit, 0, 0, 1000, "RFC 3465 2.2",
	     "segments that one ACK counts for in slow start; 0: as many as it acknowledges"),
	KNOB(slow_start_after_idle, 1, 0, 1, "RFC 5681 4.1",
	     "after an idle RTO a connection begins with its initial window again"),
	KNOB(reordering, 3, 1, 255, "RFC 5681 3.2",
	     "duplicate ACKs that mean a loss"),
	KNOB(rmem_default, 131072, 4096, 1U << 30, "",
	     "receive buffer of a new socket, octets"),
	KNOB(rmem_max, 6291456, 4096, 1U << 30, "",
	     "receive buffer autotuning may reach, octets"),
	KNOB(wmem_default, 65536, 4096, 1U << 30, "",
	     "send buffer of a new socket, octets"),
	KNOB(wmem_max, 4194304, 4096, 1U << 30, "",
	     "send buffer autotuning may reach, octets"),
};

const unsigned int xtcp_knob_count = ARRAY_SIZE(xtcp_knob_rows);

u32 *xtcp_knobs_at(struct xtcp_knobs *knobs, const struct xtcp_knob_row *row)
{
	return (u32 *)((u8 *)knobs + row->offset);
}

void xtcp_knobs_defaults(struct xtcp_knobs *knobs)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++)
		*xtcp_knobs_at(knobs, &xtcp_knob_rows[i]) = xtcp_knob_rows[i].value;
}

const struct xtcp_knob_row *xtcp_knobs_row(size_t offset)
{
	unsigned int i;

	for (i = 0; i < xtcp_knob_count; i++)
		if (xtcp_knob_rows[i].offset == offset)
			return &xtcp_knob_rows[i];
	return NULL;
}

static bool refused_experiment(const struct xtcp_knob_row *row, u32 value)
{
	return row->safe && !(row->safe & BIT(value)) && !experiments;
}

int xtcp_knobs_check(const struct xtcp_knob_row *row, u32 value)
{
	if (value < row->min || value > row->max)
		return -EINVAL;
	if (row->ends && value != row->min && value != row->max)
		return -EINVAL;
	return refused_experiment(row, value) ? -EPERM : 0;
}
