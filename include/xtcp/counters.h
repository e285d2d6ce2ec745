/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that is counted, in one list: /proc/net/xtcp_netstat shows it
 * under these names. A reason to drop a segment is a counter too: the enum is
 * the counter, the tracepoint's argument, the verdict's word and the reason for
 * kfree_skb_reason() at once. Every dropped segment counts under one of them.
 */
#ifndef _XTCP_COUNTERS_H
#define _XTCP_COUNTERS_H

#include <linux/types.h>
#include <net/dropreason.h>
#include <net/tcp_states.h>

/* X(enum suffix, name shown): why we ended a connection, as a rule with RST. */
#define XTCP_ABORT_LIST(X)						\
	X(ABORT_ON_TIMEOUT, "AbortOnTimeout")	/* the peer is silent */ \
	X(ABORT_ON_DATA, "AbortOnData")		/* text after close() */ \
	X(ABORT_ON_CLOSE, "AbortOnClose")	/* close() with text unread */ \
	X(ABORT_ON_LINGER, "AbortOnLinger")	/* SO_LINGER 0, TCP_LINGER2 < 0 */ \
	X(ABORT_ON_MEMORY, "AbortOnMemory")	/* orphans: too many, or memory is short */ \
	X(ABORT_ON_DISCONNECT, "AbortOnDisconnect") /* connect(AF_UNSPEC) */ \
	X(ABORT_ON_LISTENER, "AbortOnListenerClose") /* never accepted */ \
	X(ABORT_BY_ADMIN, "AbortByAdmin")	/* /proc/net/xtcp_abort */

/*
 * X(enum suffix, name shown): how handshakes end. ActiveOpens is the sum of the
 * other Active* and SynTimeouts, and of those under way still; Requests and
 * SyncookiesRecv together that of PassiveOpens, SynAckTimeouts, AbortOnOverflow and the other Request*, and of
 * those half open.
 */
#define XTCP_OUTCOME_LIST(X)						\
	X(ACTIVE_OPENS, "ActiveOpens")		/* connect() sent a SYN */ \
	X(ACTIVE_ESTABLISHED, "ActiveEstablished")			\
	X(ACTIVE_REFUSED, "ActiveRefused")	/* by RST */		\
	X(SYN_TIMEOUTS, "SynTimeouts")		/* connect() gave up */	\
	X(ACTIVE_UNREACHABLE, "ActiveUnreachable") /* by ICMP */	\
	X(ACTIVE_ABORTED, "ActiveAborted")	/* on our side, before an answer */ \
	X(REQUESTS, "Requests")			/* a SYN made one: half open */ \
	X(SYNCOOKIES_RECV, "SyncookiesRecv")	/* one came back and made one as well */ \
	X(PASSIVE_OPENS, "PassiveOpens")	/* a request became a socket */ \
	X(SYN_ACK_TIMEOUTS, "SynAckTimeouts")	/* a request was given up */ \
	X(REQUEST_RESET, "RequestReset")	/* by the peer's RST */	\
	X(REQUEST_UNREACHABLE, "RequestUnreachable") /* by ICMP */	\
	X(REQUEST_LISTENER_CLOSED, "RequestListenerClosed")		\
	X(ABORT_ON_OVERFLOW, "AbortOnOverflow")	/* abort_on_overflow: RST to a client */ \
	X(REQUEST_EVICTED, "RequestEvicted")	/* for a newer one: the queue is full */ \
	X(REQUEST_ABORTED, "RequestAborted")	/* by /proc/net/xtcp_abort */

/* X(enum suffix, name shown) */
#define XTCP_EVENT_LIST(X)						\
	XTCP_OUTCOME_LIST(X)						\
	X(SIMULTANEOUS_OPENS, "SimultaneousOpens") /* our SYN met the peer's */ \
	X(ATTEMPT_FAILS, "AttemptFails")	/* handshake ended in CLOSED */ \
	X(ESTAB_RESETS, "EstabResets")		/* ESTABLISHED or CLOSE_WAIT to CLOSED */ \
	X(IN_SEGS, "InSegs")						\
	X(OUT_SEGS, "OutSegs")						\
	X(RETRANS_SEGS, "RetransSegs")		/* text or FIN sent again */ \
	X(OUT_RSTS, "OutRsts")						\
	X(OUT_NO_ROUTE, "OutNoRoute")		/* an answer found none */ \
	X(IN_RSTS, "InRsts")			/* that ended a connection */ \
	X(SYN_RETRANS, "SynRetrans")					\
	X(SYN_ACK_RETRANS, "SynAckRetrans")				\
	X(SYN_AGAIN, "SynAgain")		/* at once, after our RST ended an old life */ \
	X(RTO_TIMEOUTS, "RtoTimeouts")		/* retransmission timer fired */ \
	X(FAST_RETRANS, "FastRetrans")		/* entered on duplicate ACKs */ \
	XTCP_ABORT_LIST(X)						\
	X(FASTOPEN_ACTIVE, "FastopenActive")	/* text in our SYN was taken */ \
	X(FASTOPEN_ACTIVE_FAILS, "FastopenActiveFails") /* it was not, or timed out */ \
	X(FASTOPEN_PASSIVE, "FastopenPassive")	/* a SYN opened a connection */ \
	X(FASTOPEN_PASSIVE_FAILS, "FastopenPassiveFails") /* a cookie was wrong */ \
	X(FASTOPEN_OLD_KEY, "FastopenOldKey")	/* by the second key */ \
	X(FASTOPEN_COOKIES_ASKED, "FastopenCookiesAsked")		\
	X(FASTOPEN_LISTEN_OVERFLOWS, "FastopenListenOverflows") /* TCP_FASTOPEN reached */ \
	X(FASTOPEN_BLACKHOLES, "FastopenBlackholes")			\
	X(DEFERRED_ACCEPTS, "DeferredAccepts")	/* third segments without text held back */ \
	X(WINDOW_PROBES, "WindowProbes")				\
	X(KEEPALIVE_PROBES, "KeepaliveProbes")				\
	X(DELAYED_ACKS, "DelayedAcks")					\
	X(CHALLENGE_ACKS, "ChallengeAcks")				\
	X(NO_TIMESTAMP, "NoTimestamp")	/* negotiated, but absent; tolerated */ \
	X(OUT_OF_WINDOW_ICMPS, "OutOfWindowIcmps") /* about what is not under way */ \
	X(ICMP_MIN_TTL, "IcmpMinTtl")		/* from farther than IP_MINTTL allows */ \
	X(OUT_OF_ORDER, "OutOfOrder")		/* segments queued ahead */ \
	X(RCV_COMPACTED, "RcvCompacted")	/* small segments copied together */ \
	X(BACKLOG_JOINED, "BacklogJoined")	/* to the one before, while the user had the socket */ \
	X(TIME_WAITS, "TimeWaits")		/* records made */	\
	X(TIME_WAIT_OVERFLOW, "TimeWaitOverflow") /* none made: max_tw */ \
	X(TIME_WAIT_TAKEN, "TimeWaitTaken")	/* by connect() (tw_reuse) */ \
	X(TIME_WAIT_REUSED, "TimeWaitReused")	/* by a new SYN (RFC 6191) */ \
	X(LISTEN_OVERFLOWS, "ListenOverflows")	/* accept queue full */	\
	X(REQUEST_OVERFLOWS, "RequestOverflows") /* half-open queue full */ \
	X(SYNCOOKIES_SENT, "SyncookiesSent")				\
	X(SYNCOOKIES_FAILED, "SyncookiesFailed") /* ACKs with none that is good */ \
	X(LISTEN_NO_MEMORY, "ListenNoMemory")	/* for a request or a socket */

/*
 * X(enum suffix, name shown, core reason): why a segment was dropped. The last
 * is what kfree_skb_reason() tells drop monitors, the nearest of the kernel's
 * own reasons: its numbers for subsystems (enum skb_drop_reason_subsys) all
 * belong to someone, the table has no room for more, and who registers a number
 * that is taken silently replaces its owner. Tracepoint xtcp_drop has ours.
 */
#define XTCP_DROP_LIST(X)						\
	X(ADDRESS, "DropAddress", NOT_SPECIFIED) /* broadcast, multicast, none */ \
	X(HEADER, "DropHeader", PKT_TOO_SMALL)	/* truncated or bad data offset */ \
	X(CHECKSUM, "DropChecksum", TCP_CSUM)				\
	X(NO_FLOW, "DropNoFlow", NO_SOCKET)	/* no one there: RST */	\
	X(POLICY, "DropPolicy", XFRM_POLICY)	/* IPsec */		\
	X(FILTER, "DropFilter", SOCKET_FILTER)	/* SO_ATTACH_FILTER, cgroup */ \
	X(BACKLOG, "DropBacklog", SOCKET_BACKLOG) /* the socket is busy and full */ \
	X(NO_MEMORY, "DropNoMemory", NOMEM)				\
	X(NO_ROOM, "DropNoRoom", SOCKET_RCVBUFF) /* for text or FIN: it comes again */ \
	X(CLOSED, "DropClosed", TCP_CLOSE)				\
	X(LISTEN_NOT_SYN, "DropListenNotSyn", TCP_FLAGS)		\
	X(LISTEN_FULL, "DropListenFull", SOCKET_BACKLOG) /* the accept queue */ \
	X(REQUESTS_FULL, "DropRequestsFull", SOCKET_BACKLOG) /* a SYN; no one made room */ \
	X(DEFERRED, "DropDeferred", NOT_SPECIFIED) /* TCP_DEFER_ACCEPT: no text yet */ \
	X(SEQUENCE, "DropSequence", TCP_INVALID_SEQUENCE) /* outside the window */ \
	X(PAWS, "DropPaws", TCP_RFC7323_PAWS)	/* old timestamp */	\
	X(NO_TIMESTAMP, "DropNoTimestamp", TCP_FLAGS) /* text or FIN without the one agreed on */ \
	X(MIN_TTL, "DropMinTtl", TCP_MINTTL) /* IP_MINTTL, IPV6_MINHOPCOUNT */ \
	X(ACK_UNACCEPTABLE, "DropAckUnacceptable", TCP_ACK_UNSENT_DATA)	\
	X(NO_ACK, "DropNoAck", TCP_FLAGS)	/* ACK bit off */	\
	X(NO_SYN, "DropNoSyn", TCP_FLAGS)	/* SYN_SENT: neither SYN nor RST */ \
	X(RST_INVALID, "DropRstInvalid", TCP_RESET)			\
	X(SYN_IN_WINDOW, "DropSynInWindow", TCP_INVALID_SYN) /* challenge ACK */ \
	X(DUPLICATE_SYN, "DropDuplicateSyn", TCP_OLD_DATA) /* answered SYN-ACK again */ \
	X(TIME_WAIT, "DropTimeWait", TCP_OLD_DATA) /* late segment */	\
	X(DUPLICATE_TEXT, "DropDuplicateText", TCP_OLD_DATA) /* had it already */ \
	X(PRUNED, "DropPruned", TCP_OFO_QUEUE_PRUNE) /* ahead of order, for room */ \
	X(TEXT_AFTER_CLOSE, "DropTextAfterClose", TCP_CLOSE) /* no one reads: RST */ \
	X(UNREAD, "DropUnread", TCP_CLOSE)	/* in a queue when its socket ended */ \
	X(NO_ROUTE, "DropNoRoute", IP_OUTNOROUTES) /* for an answer */	\
	X(MOVED, "DropMoved", NO_SOCKET)	/* its socket has become another meanwhile */ \
	X(RACE, "DropRace", NOT_SPECIFIED)	/* lost against another CPU */

#define XTCP_ENUM_EVENT(suffix, name)	XTCP_CNT_##suffix,
#define XTCP_ENUM_DROP(suffix, name, core)	XTCP_DROP_##suffix,

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
	/* Sockets in each state but CLOSED: the sum over all CPUs. */
	s64 sockets[TCP_MAX_STATES];
};

/**
 * xtcp_count() - count an event or a drop
 * @xn: namespace
 * @which: enum xtcp_counter or enum xtcp_drop
 *
 * Any context.
 */
void xtcp_count(struct xtcp_net *xn, unsigned int which);
/* The same of @n of them. */
void xtcp_count_add(struct xtcp_net *xn, unsigned int which, u32 n);

/* A socket goes from state @from to state @to. Any context. */
void xtcp_counters_move(struct xtcp_net *xn, u8 from, u8 to);
/* How many sockets are in @state now. */
u64 xtcp_counters_sockets(struct xtcp_net *xn, u8 state);

/* The sum over all CPUs. */
u64 xtcp_counters_read(struct xtcp_net *xn, unsigned int which);
const char *xtcp_counters_name(unsigned int which);
/* The kernel's nearest reason for enum xtcp_drop @drop, not NONE. */
enum skb_drop_reason xtcp_counters_core_reason(unsigned int drop);

int xtcp_counters_init(struct xtcp_net *xn);
void xtcp_counters_exit(struct xtcp_net *xn);

#endif
