/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fast Open (RFC 7413): servers open/fastopen_server.c, clients open/fastopen_client.c,
 * once a SYN is out engine/fastopen.c, what a client knows of servers
 * table/fastopen_cache.c.
 */
#ifndef _XTCP_FASTOPEN_H
#define _XTCP_FASTOPEN_H

#include <linux/list.h>
#include <linux/siphash.h>
#include <linux/sockptr.h>
#include <linux/spinlock.h>
#include <xtcp/options.h>

struct ctl_table;
struct dst_entry;
struct msghdr;
struct sock;
struct xtcp_flow;
struct xtcp_listener;
struct xtcp_net;
struct xtcp_segment;
struct xtcp_verdict;

/* The knob fastopen: bits, as those of the kernel's tcp_fastopen. */
enum xtcp_fastopen_bits {
	XTCP_FASTOPEN_CLIENT		= 0x1,
	XTCP_FASTOPEN_SERVER		= 0x2,
	XTCP_FASTOPEN_CLIENT_NO_COOKIE	= 0x4,	 /* text in a SYN without a cookie */
	XTCP_FASTOPEN_SERVER_NO_COOKIE	= 0x200, /* is taken */
	XTCP_FASTOPEN_SERVER_ALL	= 0x400, /* listeners need no TCP_FASTOPEN */
};

enum xtcp_fastopen_sizes {
	XTCP_FASTOPEN_KEY_LEN		= 16,	/* octets */
	XTCP_FASTOPEN_KEYS		= 2,	/* the one in use, and the one before */
	XTCP_FASTOPEN_COOKIE_LEN	= 8,	/* of our own cookies */
	XTCP_FASTOPEN_BUCKETS		= 64,
};

/* What cookies are made with: the first key; the second is accepted still. */
struct xtcp_fastopen_keys {
	struct rcu_head rcu;
	unsigned int count;
	siphash_key_t key[XTCP_FASTOPEN_KEYS];
};

/* Of a namespace. */
struct xtcp_fastopen_net {
	struct xtcp_fastopen_keys __rcu *keys;
	/* Client: servers, and what was learned of them */
	spinlock_t lock;		/* BH off */
	struct list_head recent;	/* the one used last comes first */
	struct hlist_head buckets[XTCP_FASTOPEN_BUCKETS];
	unsigned int len;
	/* Black holes that swallow what a SYN with text opened */
	atomic_t holes;			/* in a row; 0: none */
	u64 hole_ns;			/* when the last was met */
};

/* Of a socket; socket lock. */
struct xtcp_fastopen {
	struct xtcp_listener *early_of;	/* the listener (held) of a child that its SYN opened */
	struct msghdr *syn_text;	/* within sendmsg(): text for the SYN */
	u8 connect : 1,			/* TCP_FASTOPEN_CONNECT */
	   no_cookie : 1,		/* TCP_FASTOPEN_NO_COOKIE */
	   deferred : 1,		/* connect() is done, the SYN waits for text */
	   tried : 1,			/* our SYN had the option, or text */
	   experiment : 1,		/* the option under its old number */
	   text : 1,			/* our SYN had text */
	   text_acked : 1,		/* a SYN's text was taken, ours or the peer's */
	   too_large : 1,		/* for the path, ICMP says */
	   fin_ahead : 1,		/* the peer's FIN is here, text before it is not */
	   after_hole : 1;		/* the first try after a pause */
	u8 client_fail;			/* for TCP_INFO */
	u32 early_max;			/* TCP_FASTOPEN: children whose handshake is not complete */
	struct xtcp_fastopen_keys __rcu *keys; /* TCP_FASTOPEN_KEY; NULL: the namespace's */
};

/* tcpi_fastopen_client_fail, enum tcp_fastopen_client_fail of linux/tcp.h. */

/* What a client remembers of one server. */
struct xtcp_fastopen_server {
	struct xtcp_fastopen_cookie cookie;
	u8 asked;			/* in vain: 1 by the option, 2 also by its old number */
	u16 mss;			/* it announced; 0: not known */
	u8 losses;			/* SYNs with text in a row that did not get through */
	u64 lost_ns;			/* the last of them */
};

/* table/fastopen_cache.c */

void xtcp_fastopen_cache_init(struct xtcp_fastopen_net *fn);
void xtcp_fastopen_cache_exit(struct xtcp_fastopen_net *fn);
/* Forget what is too much for the knob fastopen_cache. Process context. */
void xtcp_fastopen_cache_trim(struct xtcp_net *xn);
/**
 * xtcp_fastopen_recall() - what is known of a server
 * @xn: namespace
 * @flow: a connection to it: both addresses count
 * @server: filled; all zero if there is nothing
 *
 * Any context.
 */
void xtcp_fastopen_recall(struct xtcp_net *xn, const struct xtcp_flow *flow,
			  struct xtcp_fastopen_server *server);
/* Keep it in mind; the server met longest ago makes room. Any context. */
void xtcp_fastopen_remember(struct xtcp_net *xn, const struct xtcp_flow *flow,
			    const struct xtcp_fastopen_server *server);

/* open/fastopen_server.c */

/* Does the knob have one of @bits? */
bool xtcp_fastopen_enabled(const struct sock *sk, u32 bits);
/* ip-route(8): fastopen_no_cookie. */
bool xtcp_fastopen_route_needs_none(const struct dst_entry *dst);

/* Draws a random key. Return: 0 or -ENOMEM. */
int xtcp_fastopen_init(struct xtcp_net *xn);
void xtcp_fastopen_exit(struct xtcp_net *xn);
/* The row of fastopen_key below /proc/sys/net/xtcp. */
void xtcp_fastopen_key_row(struct xtcp_net *xn, struct ctl_table *row);
/**
 * xtcp_fastopen_set_key() - TCP_FASTOPEN_KEY
 * @sk: listener, or to become one; locked
 * @val: one key, or the new and the old one
 * @len: 16 or 32 octets
 *
 * Context: process. Return: 0, -EINVAL, -EFAULT, -ENOMEM.
 */
int xtcp_fastopen_set_key(struct sock *sk, sockptr_t val, unsigned int len);
/* The keys of @sk's own into @octets; how many octets, 0: it has none. Socket lock. */
unsigned int xtcp_fastopen_get_key(struct sock *sk, u8 *octets);

/* TCP_FASTOPEN: so many children whose handshake is not complete; 0: none. 0 or -ENOMEM. */
int xtcp_fastopen_limit(struct sock *sk, unsigned int max);
/* The knob may have @sk, which begins to listen, take part. Socket lock. 0 or -ENOMEM. */
int xtcp_fastopen_listen(struct sock *sk, int backlog);
/* The keys go with the socket: from sk_destruct. */
void xtcp_fastopen_free(struct sock *sk);
/**
 * xtcp_fastopen_admit() - may this SYN open a connection by itself?
 * @listener: whom it is for
 * @flow: its addresses
 * @syn: the SYN
 * @dst: the way back
 * @cookie: filled with what the SYN-ACK shall carry
 *
 * RFC 7413 4.1.2, 4.2.2. Softirq, RCU.
 * Return: true, and @listener is held and counts one more child:
 * xtcp_fastopen_begin(), or xtcp_fastopen_give_back() when there is none after all.
 */
bool xtcp_fastopen_admit(struct xtcp_listener *listener, const struct xtcp_flow *flow,
			 const struct xtcp_segment *syn, const struct dst_entry *dst,
			 struct xtcp_fastopen_cookie *cookie);

/* open/fastopen_client.c */

/* Shall connect() leave the SYN to the first write? Socket lock. */
bool xtcp_fastopen_defer(struct sock *sk);
/**
 * xtcp_fastopen_offer() - what Fast Open puts into our first SYN
 * @sk: locked, about to send it; its text goes into the retransmission queue
 * @cookie: filled
 *
 * Context: process. Return: whether @cookie is to go along, and be it an empty one.
 */
bool xtcp_fastopen_offer(struct sock *sk, struct xtcp_fastopen_cookie *cookie);
/**
 * xtcp_fastopen_send() - sendmsg() with MSG_FASTOPEN, or the first after connect()
 * @sk: locked
 * @msg: what is to be sent
 * @copied: set to the octets that the SYN took
 *
 * Waits for the handshake unless that is not wanted. Return: 0, -errno as
 * connect(); -EINPROGRESS with @copied > 0 is success.
 */
int xtcp_fastopen_send(struct sock *sk, struct msghdr *msg, int *copied);

/* engine/fastopen.c */

/* The listener closed: those that were reset count no more. Any context. */
void xtcp_fastopen_unlisten(struct xtcp_listener *l);
/*
 * One more child, with a reference to the listener: it counts there even when that is
 * closed. False: TCP_FASTOPEN is reached.
 */
bool xtcp_fastopen_reserve(struct xtcp_listener *l);
void xtcp_fastopen_give_back(struct xtcp_listener *listener);
/* @child, locked, is the one. False: no memory for what it has to keep. */
bool xtcp_fastopen_begin(struct sock *child, struct xtcp_listener *listener);
/* Its handshake is complete, or it ended. Any child, locked. */
void xtcp_fastopen_settle(struct sock *child);
/* It was reset: it counts on for a while (RFC 7413 5.1). Any child, locked. */
void xtcp_fastopen_reset(struct sock *child);
/* The handshake of an active open is complete, by @seg. Socket lock. */
void xtcp_fastopen_answered(struct sock *sk, const struct xtcp_segment *seg);
/* The third timeout in a row, or the last. Socket lock. */
void xtcp_fastopen_silence(struct sock *sk);
/* Does what came first after the handshake show that something is missing? Socket lock. */
void xtcp_fastopen_watch(struct sock *sk, const struct xtcp_verdict *v);
/* The connection is over: was something missing to the end? Socket lock. */
void xtcp_fastopen_ended(struct sock *sk);
/* SYN_SENT: the path has room for less than our SYN; one without text goes. Socket lock. */
void xtcp_fastopen_too_large(struct sock *sk);

#endif
