/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that is counted, in one list: /proc/net/xtcp_netstat shows it
 * under these names. A reason to drop a segment is a counter too: the enum is
 * the counter, the tracepoint's argument and the verdict's word at once.
 */
#ifndef _XTCP_COUNTERS_H
#define _XTCP_COUNTERS_H

#include <linux/types.h>

/* X(enum suffix, name shown) */
#define XTCP_EVENT_LIST(X)						\
	X(ACTIVE_OPENS, "ActiveOpens")		/* connect() sent a SYN */ \
	X(PASSIVE_OPENS, "PassiveOpens")	/* a request became a socket */ \
	X(ATTEMPT_FAILS, "AttemptFails")	/* handshake ended in CLOSED */ \
	X(ESTAB_RESETS, "EstabResets")		/* ESTABLISHED or CLOSE_WAIT to CLOSED */ \
	X(IN_SEGS, "InSegs")						\
	X(OUT_SEGS, "OutSegs")						\
	X(RETRANS_SEGS, "RetransSegs")		/* text or FIN sent again */ \
	X(OUT_RSTS, "OutRsts")						\
	X(IN_RSTS, "InRsts")			/* that ended a connection */ \
	X(SYN_RETRANS, "SynRetrans")					\
	X(SYN_ACK_RETRANS, "SynAckRetrans")				\
	X(SYN_AGAIN, "SynAgain")		/* at once, after our RST ended an old life */ \
	X(SYN_TIMEOUTS, "SynTimeouts")		/* connect() gave up */	\
	X(SYN_ACK_TIMEOUTS, "SynAckTimeouts")	/* a request was given up */ \
	X(RTO_TIMEOUTS, "RtoTimeouts")		/* retransmission timer fired */ \
	X(FAST_RETRANS, "FastRetrans")		/* entered on duplicate ACKs */ \
	X(ABORT_ON_TIMEOUT, "AbortOnTimeout")				\
	X(ABORT_ON_DATA, "AbortOnData")		/* text after close() */ \
	X(ABORT_ON_CLOSE, "AbortOnClose")	/* close() with text unread */ \
	X(ABORT_ON_LINGER, "AbortOnLinger")	/* SO_LINGER 0 */	\
	X(ABORT_ON_MEMORY, "AbortOnMemory")	/* too many orphans */	\
	X(ABORT_ON_OVERFLOW, "AbortOnOverflow")	/* abort_on_overflow: RST to a client */ \
	X(DEFERRED_ACCEPTS, "DeferredAccepts")	/* third segments without text held back */ \
	X(WINDOW_PROBES, "WindowProbes")				\
	X(KEEPALIVE_PROBES, "KeepaliveProbes")				\
	X(DELAYED_ACKS, "DelayedAcks")					\
	X(CHALLENGE_ACKS, "ChallengeAcks")				\
	X(OUT_OF_ORDER, "OutOfOrder")		/* segments queued ahead */ \
	X(OOO_PRUNED, "OutOfOrderPruned")	/* thrown out again for room */ \
	X(RCV_COMPACTED, "RcvCompacted")	/* small segments copied together */ \
	X(TIME_WAITS, "TimeWaits")		/* records made */	\
	X(TIME_WAIT_OVERFLOW, "TimeWaitOverflow") /* none made: max_tw */ \
	X(TIME_WAIT_TAKEN, "TimeWaitTaken")	/* by connect() (tw_reuse) */ \
	X(TIME_WAIT_REUSED, "TimeWaitReused")	/* by a new SYN (RFC 6191) */ \
	X(LISTEN_OVERFLOWS, "ListenOverflows")	/* accept queue full */	\
	X(REQUEST_OVERFLOWS, "RequestOverflows") /* half-open queue full */

/* X(enum suffix, name shown): why a segment was dropped. */
#define XTCP_DROP_LIST(X)						\
	X(HEADER, "DropHeader")			/* truncated or bad data offset */ \
	X(CHECKSUM, "DropChecksum")					\
	X(NO_FLOW, "DropNoFlow")		/* no one there: RST */	\
	X(POLICY, "DropPolicy")			/* IPsec or socket filter */ \
	X(BACKLOG, "DropBacklog")		/* the socket is busy and full */ \
	X(NO_MEMORY, "DropNoMemory")					\
	X(CLOSED, "DropClosed")						\
	X(LISTEN_NOT_SYN, "DropListenNotSyn")				\
	X(LISTEN_FULL, "DropListenFull")	/* one of the two queues */ \
	X(DEFERRED, "DropDeferred")		/* TCP_DEFER_ACCEPT: no text yet */ \
	X(SEQUENCE, "DropSequence")		/* outside the window */ \
	X(PAWS, "DropPaws")			/* old timestamp */	\
	X(NO_TIMESTAMP, "DropNoTimestamp")	/* negotiated, but absent */ \
	X(ACK_UNACCEPTABLE, "DropAckUnacceptable")			\
	X(NO_ACK, "DropNoAck")			/* ACK bit off */	\
	X(NO_SYN, "DropNoSyn")			/* SYN_SENT: neither SYN nor RST */ \
	X(RST_INVALID, "DropRstInvalid")				\
	X(SYN_IN_WINDOW, "DropSynInWindow")	/* challenge ACK */	\
	X(DUPLICATE_SYN, "DropDuplicateSyn")	/* answered SYN-ACK again */ \
	X(TIME_WAIT, "DropTimeWait")		/* late segment */	\
	X(DUPLICATE_TEXT, "DropDuplicateText")	/* had it already */	\
	X(NO_ROUTE, "DropNoRoute")		/* for an answer */	\
	X(RACE, "DropRace")			/* lost against another CPU */

#define XTCP_ENUM_EVENT(suffix, name)	XTCP_CNT_##suffix,
#define XTCP_ENUM_DROP(suffix, name)	XTCP_DROP_##suffix,

enum xtcp_drop {
	XTCP_DROP_NONE,
	XTCP_DROP_LIST(XTCP_ENUM_DROP)
	XTCP_DROPS,
};

enum xtcp_counter {
	XTCP_CNT_BASE = XTCP_DROPS - 1,
	XTCP_EVENT_LIST(XTCP_ENUM_EVENT)
	XTCP_COUNTERS,
};

struct xtcp_net;
struct seq_file;

struct xtcp_counters {
	u64 value[XTCP_COUNTERS];
};

/**
 * xtcp_count() - count an event or a drop
 * @xn: namespace
 * @which: enum xtcp_counter or enum xtcp_drop
 *
 * Any context.
 */
void xtcp_count(struct xtcp_net *xn, unsigned int which);

/* The sum over all CPUs. */
u64 xtcp_counters_read(struct xtcp_net *xn, unsigned int which);
const char *xtcp_counters_name(unsigned int which);

int xtcp_counters_init(struct xtcp_net *xn);
void xtcp_counters_exit(struct xtcp_net *xn);

#endif
