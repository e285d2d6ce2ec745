/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The virtual wire: real sockets of both ends in init_net, and between them a
 * wire that records every segment and obeys a script. A test reads like the
 * ladder diagram it checks:
 *
 *	wire_drop(w, A, WIRE_SYN, 1, 1);
 *	WIRE_EQ(w, wire_connect(w, A), 0);
 *	WIRE_EXPECT(w,
 *		    "0.000 SYN_SENT    -> S 0        -> x\n"
 *		    "1.000 SYN_SENT    -> S 0        -> SYN_RCVD\n"
 *		    "1.010 ESTABLISHED <- S. 0 ack 1 <- SYN_RCVD\n"
 *		    "1.020 ESTABLISHED -> . 1 ack 1  -> ESTABLISHED\n");
 *
 * One line a segment, in the order of sending: seconds since the first segment
 * (or wire_epoch()), state of A, the segment, state of B. As in the figures of
 * RFC 9293 the sender's state is that of the moment of sending, the receiver's
 * that after the segment was processed. Instead of a state stand: "x" lost on
 * the way, "..." under way still, "*" (sender) injected by the test, "="
 * (sender) duplicated by the wire. Sequence numbers are relative to the ISN of
 * the real socket. Amounts of white space do not matter.
 *
 * Virtual time (time-travel=inf-cpu) makes it all exact: a segment that is not
 * sent on a whole millisecond is shown with the surplus, "~+123us".
 *
 * What opening (A) and closing (C) must do, and the cases that show it. A name
 * alone is a case, or all of name__*; where it is said before the colon: of the
 * suites xtcp_NAME_wire, xtcp_NAME_wire6 and, of some, xtcp_NAME_wire_mapped.
 *
 * A1  three segments			open: normal_open data_in_third_segment data_in_syn
 * A2  SYN lost				open: syn_lost syn_retries tcp_syncnt rto_init rto_max;
 *					knobs: syn_lost
 * A3  SYN-ACK lost			open: synack_lost; knobs: synack_lost
 * A4  third segment lost		open: third_ack_lost third_ack_lost_then_data
 *					third_ack_overtaken_by_data
 * A5  an old SYN comes first		open: old_syn_first; knobs: old_life_at_the_peer
 * A6  two and four segments		knobs: two_way_open two_way_old_syn four_way_open
 * A7  both open at once		open: simultaneous_open
 * A8  ISN				open: isn_clock; knobs: isn_constant_old_data; isn_test.c
 * A9  queues full			open: syn_queue_full accept_queue_full listener_closes
 *					request; knobs: abort_on_overflow
 * A10 SYN cookies			cookie: all; cookie_test.c
 * A11 Fast Open				fastopen: all
 * A12 what is negotiated		open: mss_negotiation options window_scaling timestamps;
 *					icmp: too_big
 * A13 refused, unreachable, impatient	open: connect_refused connect_nonblocking user_timeout
 *					tcp_syncnt; icmp: syn_sent request; socket:
 *					poll__connecting poll__refused; knobs: defer_accept
 * C1  four segments, or three		close: normal_close three_segment_close half_close
 *					close_after_text close_in_syn_rcvd
 * C2  one of them is lost		close: first_fin_lost fin_ack_lost second_fin_lost
 *					last_ack_lost text_and_fin_lost fin_wait_2
 * C3  TIME_WAIT and its relief		close: time_wait_2msl time_wait_late_segment
 *					time_wait_rst time_wait_exhaustion time_wait
 *					time_wait_reuse linger0; knobs: time_wait_2msl
 *					time_wait_reuse
 * C4  both close at once		close: simultaneous_close
 * C5  nobody closes			close: close_wait_leak
 * C6  the other side is gone		close: client_dies_keepalive keepalive client_reboots
 *					server_process_killed server_host_dies; long:
 *					client_dies_keepalive server_host_dies; knobs:
 *					client_dies_keepalive; data: zero_window__peer_dies
 */
#ifndef _XTCP_KUNIT_WIRE_H
#define _XTCP_KUNIT_WIRE_H

#include <kunit/test.h>
#include <linux/hrtimer.h>
#include <linux/net.h>
#include <linux/netfilter.h>
#include <linux/prandom.h>
#include <linux/tcp.h>
#include <net/ip.h>
#include <xtcp/net.h>
#include <xtcp/sock.h>
#include "calls.h"

/* With IPPROTO_TCP both ends are the kernel's TCP: for work on the harness. */
#ifndef WIRE_PROTOCOL
#define WIRE_PROTOCOL IPPROTO_XTCP
#endif

enum wire_end { A, B };

enum wire_family {
	WIRE_IPV4,
	WIRE_IPV6,
	WIRE_MAPPED,		/* IPv4 between sockets of AF_INET6 (RFC 4291 2.5.5.2) */
};

/* What a rule of the script is about. */
enum wire_kind {
	WIRE_ANY,
	WIRE_SYN,		/* without ACK */
	WIRE_SYN_ACK,
	WIRE_ACK,		/* nothing but ACK */
	WIRE_DATA,		/* text, perhaps with FIN */
	WIRE_FIN,
	WIRE_RST,
};

enum wire_limits {
	WIRE_CONNS = 12,	/* connections one wire tells apart */
	WIRE_RULES = 8,
	WIRE_PORT_A = 40000,	/* client n is at WIRE_PORT_A + n */
	WIRE_PORT_B = 80,
	WIRE_DELAY_MS = 10,	/* one way */
	WIRE_TEXT = 1000,	/* octets that fit beside timestamps, in any family */
	WIRE_MSS = 1012,	/* what both ends announce therefore */
	WIRE_FOREVER = 1000000,	/* count of a rule without end */
};

enum wire_action {
	WIRE_PASS,
	WIRE_DROP,
	WIRE_LATE,		/* delay_ms more */
	WIRE_TWICE,
	WIRE_HOLD,		/* until the next one of its direction arrived */
	WIRE_CORRUPT,		/* one bit of it */
};

struct wire_rule {
	enum wire_action action;
	enum wire_end from;
	enum wire_kind kind;
	unsigned int nth;	/* 1: the first one to match from now on */
	unsigned int count;
	unsigned int seen;
	unsigned int delay_ms;
};

/* What a router has to say. */
enum wire_icmp {
	WIRE_NET_UNREACHABLE,
	WIRE_HOST_UNREACHABLE,
	WIRE_PORT_UNREACHABLE,
	WIRE_PROHIBITED,
	WIRE_TOO_BIG,		/* wire_icmp_too_big() */
};

struct wire;
struct wire_ip;

/* A segment as the wire saw it. */
struct wire_segment {
	struct list_head link;	/* wire->segments, in the order of sending */
	struct wire *wire;
	struct hrtimer timer;	/* due to arrive */
	struct sk_buff *skb;	/* while under way */
	int (*okfn)(struct net *net, struct sock *sk, struct sk_buff *skb);
	u64 sent_ns;
	u64 delay_ns;
	u8 from;		/* enum wire_end */
	u8 conn;
	u8 ctl;
	u8 sender_state;
	u8 receiver_state;
	u8 action;		/* enum wire_action */
	bool injected;
	bool copy;
	bool whole;		/* routers may not cut it up */
	u16 ip_id;		/* of IPv4 */
	bool arrived;
	bool has_ts, sack_perm, has_wscale;
	u8 fastopen_kind;	/* of the option, 0: none */
	u8 cookie_len;
	u8 wscale;
	u16 mss;
	u16 wnd;
	u16 up;			/* urgent pointer */
	u16 len;		/* octets of text */
	u32 seq, ack;		/* as in the header */
	u32 seq_rel, ack_rel;
	u32 tsval, tsecr;
};

/* What is known of one connection from its segments. */
struct wire_conn {
	u32 isn[2];
	u32 tsval[2];		/* newest of each side */
	u8 wscale[2];
	bool known[2];
	bool ts[2];
};

struct wire_side {
	struct socket *sock;
	struct socket *listener;
	u16 port;
	u64 sent, received;	/* octets of the stream */
};

struct wire {
	struct kunit *test;	/* NULL: outside of a test case */
	const struct wire_ip *ip;	/* of the packets */
	const struct wire_ip *sockets;	/* of the sockets */
	unsigned int failures;
	spinlock_t lock;	/* segments and rules; BH off */
	struct nf_hook_ops hook;
	struct nf_hook_ops device;	/* of the sender */
	atomic_t full[2];		/* it has no room for so many more */
	struct list_head segments;
	struct list_head *shown;	/* last one WIRE_EXPECT() looked at */
	struct wire_segment *held[2];
	unsigned int under_way;
	unsigned int bad_checksums;
	unsigned int fragments;		/* of IP: there must be none */
	struct wire_rule rules[WIRE_RULES];
	struct wire_side side[2];
	struct wire_conn conn[WIRE_CONNS];
	struct socket *client[WIRE_CONNS];	/* beyond the first */
	struct xtcp_net *xn;			/* of init_net */
	struct xtcp_knobs knobs;		/* to restore */
	u64 epoch_ns;
	u64 delay_ns;
	netdev_features_t old_features;		/* of lo; to restore, as these: */
	int old_min_advmss6;
	long old_mem[3];
	bool no_memory;
	struct rnd_state random;
	unsigned int loss_percent, twice_percent, late_percent;
	unsigned int heaviest;		/* truesize of a segment so far */
	bool shapes;			/* buffers of any kind (wire_shapes()) */
	bool in_batches;		/* what is due at one moment comes in one go, not each by itself */
	bool spoofed;			/* nothing gets to A but what is for client 0 */
	bool no_reuse;			/* bind() without SO_REUSEADDR */
	bool show_window;
	bool show_options;
};

/* A segment made by the test. Sequence numbers are relative, see above. */
struct wire_inject {
	enum wire_end from;
	u8 ctl;
	u8 conn;
	u16 len;		/* octets of text */
	u32 wnd;		/* 0: 65535, WIRE_WND_0: none */
	u16 up;			/* urgent pointer */
	u32 seq, ack;
	s32 ts_age;		/* that much older than the newest timestamp */
	bool no_ts;		/* although the connection uses them */
	bool junk;		/* text that belongs to no stream */
	bool bad_checksum;
	u8 doff;		/* instead of the true one, 32-bit words */
	u8 cut;			/* so many octets of the segment only; 0: all */
	u16 frag_off;		/* of IPv4: offset and flags of a fragment; 0: none */
	u16 joined;		/* by the device, of segments of so many octets; 0: it is one */
	u8 opt_len;		/* options instead of the timestamp, padded by the test */
	u8 opt[40];
};

#define WIRE_WND_0 0x10000	/* 16 bits of it are zero */
#define WIRE_JUNK  0xee

/* Does the hash of transmission choose among routes (from 7.3 on of IPv6)? */
bool wire_hash_routes(const struct wire *w);

/* A suite's .init, one for each family, and .exit: test->priv is the wire. */
int wire_init(struct kunit *test);
int wire_init6(struct kunit *test);
int wire_init_mapped(struct kunit *test);
void wire_exit(struct kunit *test);
/* Skip the test if this kernel is without IPv6. */
void wire_need_ipv6(struct kunit *test);

/*
 * Two suites from one list of cases, which { } ends: name over IPv4, name##6
 * over IPv6. KUnit writes into the cases, so each suite has its own.
 */
#define WIRE_SUITES(name, ...)						\
	static struct kunit_case name##_cases[] = { __VA_ARGS__ };	\
	static struct kunit_case name##6_cases[] = { __VA_ARGS__ };	\
	WIRE_SUITE(name, wire_init);					\
	WIRE_SUITE(name##6, wire_init6);				\
	kunit_test_suites(&name, &name##6)

/* For what sockets have to do with addresses: a third one, name_mapped. */
#define WIRE_SUITES_MAPPED(name, ...)					\
	static struct kunit_case name##_mapped_cases[] = { __VA_ARGS__ };	\
	WIRE_SUITE(name##_mapped, wire_init_mapped);			\
	kunit_test_suite(name##_mapped);				\
	WIRE_SUITES(name, __VA_ARGS__)

#define WIRE_SUITE(name_, init_)					\
	static struct kunit_suite name_ = {				\
		.name = #name_,						\
		.init = init_,						\
		.exit = wire_exit,					\
		.test_cases = name_##_cases,				\
	}

/*
 * The same outside of a test case (@test NULL): a suite's suite_init() has no
 * time limit, a case has five minutes. wire_close() returns the failures.
 */
struct wire *wire_open(struct kunit *test, enum wire_family family);
/* Releases every socket, waits for the rest to end, forgets what was recorded. */
void wire_reset(struct wire *w);
unsigned int wire_close(struct wire *w);

/* Sockets. All return 0 or -errno unless said otherwise. */
int wire_socket(struct wire *w, enum wire_end end);
int wire_listen(struct wire *w, enum wire_end end, int backlog);
int wire_connect(struct wire *w, enum wire_end end);
int wire_connect_start(struct wire *w, enum wire_end end);
int wire_connect_sock(struct wire *w, struct socket *sock, enum wire_end to, int flags);
/* Of connection @conn; returns the length. */
int wire_sockaddr(const struct wire *w, enum wire_end end, unsigned int conn,
		  struct sockaddr_storage *addr);
int wire_accept(struct wire *w, enum wire_end end);
int wire_client(struct wire *w, unsigned int conn);
/* Waited for; its port is chosen by connect(), out of @low..@high. */
int wire_client_port(struct wire *w, unsigned int conn, u16 low, u16 high);
void wire_client_release(struct wire *w, unsigned int conn);
int wire_option(struct wire *w, enum wire_end end, int level, int name, int value);
int wire_get_option(struct wire *w, enum wire_end end, int level, int name);
struct tcp_info wire_info(struct wire *w, enum wire_end end);
int wire_linger(struct wire *w, enum wire_end end, int seconds);
/* SO_ATTACH_FILTER: of each segment so many octets pass, from its header on; 0: none. */
void wire_filter(struct wire *w, struct sock *sk, u32 passes);
int wire_shutdown(struct wire *w, enum wire_end end, int how);
void wire_release(struct wire *w, enum wire_end end);
void wire_unlisten(struct wire *w, enum wire_end end);
/* sk_err, and clears it: positive errno. */
int wire_error(struct wire *w, enum wire_end end);
/* listen, connect, accept and a pause; then the clock starts at 0. */
void wire_establish(struct wire *w);
/* The wire of @test, so, and the listener closed. */
struct wire *wire_connected(struct kunit *test);
/* Then cut: segments are of the test alone (wire_inject()), the real ends hear no other. */
struct wire *wire_puppet(struct kunit *test);

/*
 * Text follows a pattern by its offset in the stream, and is checked on the
 * way out. Neither blocks; octets taken, 0 for the end of the stream, -errno.
 */
int wire_send(struct wire *w, enum wire_end end, unsigned int n);
int wire_send_flags(struct wire *w, enum wire_end end, unsigned int n, int flags);
/* The same to the other's address, without connect(): MSG_FASTOPEN. */
int wire_send_fast(struct wire *w, enum wire_end end, unsigned int n);
int wire_recv(struct wire *w, enum wire_end end, unsigned int n);
/* Octet @offset of the pattern that @end sends. */
u8 wire_octet(enum wire_end end, u64 offset);
/* Carry @total octets from @end to the other, reading at once. */
void wire_transfer(struct wire *w, enum wire_end end, unsigned int total,
		   unsigned int limit_ms);

/* Time. */
void wire_run_ms(struct wire *w, unsigned int ms);
void wire_run_to_ms(struct wire *w, unsigned int ms);	/* of the wire's clock */
/* The machine stands still: neither timers nor segments are looked at. At most 20 s. */
void wire_stand_still_ms(struct wire *w, unsigned int ms);
void wire_epoch(struct wire *w);	/* now is 0.000; forget what was recorded */
u64 wire_now_us(const struct wire *w);

/* The script. @nth counts from 1 and from now on; @count may be WIRE_FOREVER. */
void wire_drop(struct wire *w, enum wire_end from, enum wire_kind kind,
	       unsigned int nth, unsigned int count);
void wire_late(struct wire *w, enum wire_end from, enum wire_kind kind,
	       unsigned int nth, unsigned int ms);
void wire_twice(struct wire *w, enum wire_end from, enum wire_kind kind,
		unsigned int nth);
void wire_hold(struct wire *w, enum wire_end from, enum wire_kind kind,
	       unsigned int nth);
void wire_corrupt(struct wire *w, enum wire_end from, enum wire_kind kind,
		  unsigned int nth);
/* Drop that many percent of all segments, both ways; @seed makes it repeatable. */
void wire_lossy(struct wire *w, unsigned int percent, u64 seed);
/* The sender's own device has no room for the next @count segments: no one sees them. */
void wire_refuse(struct wire *w, enum wire_end from, unsigned int count);
/* Send so many on twice, and so many up to four times as late: they overtake each other. */
void wire_disorder(struct wire *w, unsigned int twice_percent, unsigned int late_percent);
/* Segments arrive in all kinds of buffers: tight ones, heavy ones, pages. */
void wire_shapes(struct wire *w);
void wire_pass_all(struct wire *w);
void wire_delay_ms(struct wire *w, unsigned int ms);

/* wire_inject(w, A, XTCP_RST, .seq = 1): arrives at B at once. */
#define wire_inject(w, from_, ctl_, ...)				\
	wire_inject_segment(w, &(struct wire_inject){			\
		.from = (from_), .ctl = (ctl_), ##__VA_ARGS__ })
void wire_inject_segment(struct wire *w, const struct wire_inject *in);

/*
 * For tests that stand between the look-up and what follows: a segment as wire/demux.c
 * has it, and what it looks up with at the end @at.
 */
union wire_addrs {
	struct xtcp_addrs4 v4;
	struct xtcp_addrs6 v6;
};

struct wire_key {
	struct xtcp_flow_key key;
	union wire_addrs addrs;
};

struct sk_buff *wire_segment_at_hand(struct wire *w, const struct wire_inject *in);
void wire_key(const struct wire *w, enum wire_end at, struct wire_key *k);

/*
 * A router's ICMP error for @to, quoting a segment of its own whose sequence
 * number is @seq. Not recorded. Too big: @text octets would fit beside timestamps.
 */
void wire_icmp(struct wire *w, enum wire_end to, enum wire_icmp what, u32 seq);
void wire_icmp_too_big(struct wire *w, enum wire_end to, u32 seq, unsigned int text);
/* The route is known to take @text octets beside timestamps, both ways. */
void wire_path(struct wire *w, unsigned int text);
/* They have RTAX_... @metric, both ways (ip-route(8)). */
void wire_route_metric(struct wire *w, unsigned int metric, u32 value);
/* There is none any more, either way. wire_path() makes new ones. */
void wire_no_route(struct wire *w);

/* What clients learned of servers for Fast Open; a wire begins without. */
void wire_forget_servers(struct wire *w);

/*
 * Whatever the memory of all sockets is charged for is too much now: every charge is
 * refused that may be refused.
 */
void wire_memory_runs_out(struct wire *w);
void wire_memory_is_back(struct wire *w);

/* Looking. */
bool wire_is_ipv6(const struct wire *w);
u8 wire_state(struct wire *w, enum wire_end end);
struct xtcp_sock *wire_xs(struct wire *w, enum wire_end end);
/* Its values of options, to be set without setsockopt(). */
struct xtcp_own *wire_make_own(struct wire *w, enum wire_end end);
u64 wire_counter(unsigned int which);
unsigned int wire_count(struct wire *w, enum wire_end from, enum wire_kind kind);

/* Until the end of the test. */
#define wire_knob(w, name, value) WRITE_ONCE((w)->xn->knobs.name, value)
/* As the administrator does: who is waiting hears of it. 0 or -errno. */
int wire_write_knob(const char *name, const char *text);

/* Checking. */
void wire_expect(struct wire *w, const char *where, const char *expected);
void wire_eq(struct wire *w, const char *where, const char *what, long long seen,
	     long long expected);
void wire_expect_state(struct wire *w, const char *where, enum wire_end end, u8 state);
void wire_fail(struct wire *w, const char *where, const char *what);

#define WIRE_HERE __FILE__ ":" __stringify(__LINE__)
#define WIRE_EXPECT(w, expected) wire_expect(w, WIRE_HERE, expected)
#define WIRE_EQ(w, seen, expected)					\
	wire_eq(w, WIRE_HERE, #seen, (__force long long)(seen),	\
		(__force long long)(expected))
#define WIRE_STATE(w, end, state)					\
	wire_expect_state(w, WIRE_HERE, end, XTCP_##state)

#endif
