/* SPDX-License-Identifier: GPL-2.0 */
/* Congestion control behind a small table: engine/cong.c, engine/cong_reno.c. */
#ifndef _XTCP_CONG_H
#define _XTCP_CONG_H

#include <linux/types.h>

struct xtcp_cong_ops;

enum xtcp_cong_phase {
	XTCP_CONG_OPEN,
	XTCP_CONG_RECOVERY,	/* fast retransmit (RFC 6582) */
	XTCP_CONG_LOSS,		/* the retransmission timer fired */
};

/* Windows in octets, as RFC 5681 has them. */
struct xtcp_cong {
	const struct xtcp_cong_ops *ops;
	u32 cwnd;
	u32 ssthresh;
	u32 acked;		/* octets counted towards the next increase */
	u32 recover;		/* RFC 6582: snd_nxt when recovery began */
	u32 resend;		/* LOSS: next octet to send again */
	u16 mss;		/* SMSS */
	u8 phase;		/* enum xtcp_cong_phase */
	u8 dupacks;
};

struct xtcp_cong_ops {
	char name[16];
	/* ssthresh when loss is found; @flight octets are outstanding. */
	u32 (*ssthresh)(const struct xtcp_cong *cong, u32 flight);
	/*
	 * @acked octets arrived, outside recovery: let cwnd grow; in slow start by @most for
	 * one ACK (L of RFC 3465).
	 */
	void (*grow)(struct xtcp_cong *cong, u32 acked, u32 most, u64 now_us);
};

extern const struct xtcp_cong_ops xtcp_cong_reno;

/* Before the handshake: defaults. Established: IW (RFC 6928) of @mss octets. */
void xtcp_cong_init(struct xtcp_cong *cong);
void xtcp_cong_start(struct xtcp_cong *cong, u32 mss, u32 initial_segments);
/*
 * Segments are of @mss octets now. If that is less, windows are as many as before (RFC
 * 5681 3.1, of the path MTU); if more, as many octets, but for the least there are: cwnd
 * of one segment, ssthresh of two.
 */
void xtcp_cong_set_mss(struct xtcp_cong *cong, u32 mss);
/*
 * cwnd-limited and acknowledged: grow unless in recovery. In slow start one ACK counts for
 * @abc_limit segments at most; 0: for what it acknowledges.
 */
void xtcp_cong_acked(struct xtcp_cong *cong, u32 acked, bool cwnd_limited, u32 abc_limit,
		     u64 now_us);

#endif
