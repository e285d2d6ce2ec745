// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open (RFC 7413). A server proves to itself by a cookie that a client has
 * been where its address says; after that a SYN with that cookie opens the
 * connection: its text is delivered, and the server may answer, before the
 * handshake is complete. The child is in SYN_RCVD until then, has its place in
 * the accept queue, and counts against TCP_FASTOPEN of its listener.
 *
 * A cookie is siphash over both addresses, by the same function as the kernel's
 * TCP: servers of both kinds behind one address may share a key. The second key
 * lets cookies made with the one before live on while keys are exchanged.
 *
 * A client asks for a cookie in its first SYN to a server and keeps the answer
 * (fastopen_cache.c). Whatever goes wrong with a SYN that has text, the same
 * connection goes on without: only the first SYN has option and text, and what
 * of the text is not acknowledged by the SYN-ACK follows the handshake.
 */

#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/tcp.h>
#include <net/inet_common.h>
#include <xtcp/active.h>
#include <xtcp/af.h>
#include <xtcp/compat.h>
#include <xtcp/fastopen.h>
#include <xtcp/listener.h>
#include <xtcp/output.h>
#include <xtcp/sock.h>
#include <xtcp/write.h>

static bool enabled(const struct sock *sk, u32 bits)
{
	return xtcp_knob(xtcp_sk_net(sk), fastopen) & bits;
}

/* ip-route(8): fastopen_no_cookie. */
static bool route_needs_none(const struct dst_entry *dst)
{
	return dst && dst_metric(dst, RTAX_FASTOPEN_NO_COOKIE);
}

static struct xtcp_fastopen_net *net_of(const struct sock *sk)
{
	return &xtcp_sk_net(sk)->fastopen;
}

/* --- keys ---------------------------------------------------------------------- */

static struct xtcp_fastopen_keys *alloc_keys(const u8 *octets, unsigned int count)
{
	struct xtcp_fastopen_keys *keys = kzalloc(sizeof(*keys), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!keys)
		return NULL;
	keys->count = count;
	for (i = 0; i < count; i++, octets += XTCP_FASTOPEN_KEY_LEN) {
		keys->key[i].key[0] = get_unaligned_le64(octets);
		keys->key[i].key[1] = get_unaligned_le64(octets + 8);
	}
	return keys;
}

static unsigned int keys_to_octets(const struct xtcp_fastopen_keys *keys, u8 *octets)
{
	unsigned int i;

	for (i = 0; i < keys->count; i++, octets += XTCP_FASTOPEN_KEY_LEN) {
		put_unaligned_le64(keys->key[i].key[0], octets);
		put_unaligned_le64(keys->key[i].key[1], octets + 8);
	}
	return keys->count * XTCP_FASTOPEN_KEY_LEN;
}

static void free_keys(struct xtcp_fastopen_keys *keys)
{
	if (keys)
		kfree_rcu(keys, rcu);
}

static void change_keys(struct xtcp_fastopen_keys __rcu **place,
			struct xtcp_fastopen_keys *keys)
{
	free_keys(unrcu_pointer(xchg(place, RCU_INITIALIZER(keys))));
}

int xtcp_fastopen_init(struct xtcp_net *xn)
{
	u8 random[XTCP_FASTOPEN_KEY_LEN];
	struct xtcp_fastopen_keys *keys;

	get_random_bytes(random, sizeof(random));
	keys = alloc_keys(random, 1);
	if (!keys)
		return -ENOMEM;
	RCU_INIT_POINTER(xn->fastopen.keys, keys);
	xtcp_fastopen_cache_init(&xn->fastopen);
	return 0;
}

void xtcp_fastopen_exit(struct xtcp_net *xn)
{
	xtcp_fastopen_cache_exit(&xn->fastopen);
	change_keys(&xn->fastopen.keys, NULL);
}

int xtcp_fastopen_set_key(struct sock *sk, sockptr_t val, unsigned int len)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	struct xtcp_fastopen_keys *keys;

	if (len != XTCP_FASTOPEN_KEY_LEN && len != sizeof(octets))
		return -EINVAL;
	if (copy_from_sockptr(octets, val, len))
		return -EFAULT;
	keys = alloc_keys(octets, len / XTCP_FASTOPEN_KEY_LEN);
	if (!keys)
		return -ENOMEM;
	change_keys(&xtcp_sk(sk)->fastopen.keys, keys);
	return 0;
}

unsigned int xtcp_fastopen_get_key(struct sock *sk, u8 *octets)
{
	struct xtcp_fastopen_keys *keys;
	unsigned int len;

	rcu_read_lock();
	keys = rcu_dereference(xtcp_sk(sk)->fastopen.keys);
	len = keys ? keys_to_octets(keys, octets) : 0;
	rcu_read_unlock();
	return len;
}

/* A key in words, as the kernel's tcp_fastopen_key: 8 digits, a dash, and so on. */
enum { KEY_WORDS = XTCP_FASTOPEN_KEY_LEN / 4, KEY_TEXT = 9 * KEY_WORDS };

static void print_keys(const struct xtcp_net *xn, char *text)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	unsigned int i, len;

	rcu_read_lock();
	len = keys_to_octets(rcu_dereference(xn->fastopen.keys), octets);
	rcu_read_unlock();
	for (i = 0; i < len / 4; i++)
		text += sprintf(text, "%s%08x", !i ? "" : i % KEY_WORDS ? "-" : ",",
				get_unaligned_le32(octets + 4 * i));
}

/* Digits and nothing else; the number of words must be right. */
static bool scan_key(const char *text, u8 *octets)
{
	u32 word[KEY_WORDS];
	int i, end = 0;

	if (sscanf(text, "%8x-%8x-%8x-%8x%n", word, word + 1, word + 2, word + 3,
		   &end) != KEY_WORDS || text[end])
		return false;
	for (i = 0; i < KEY_WORDS; i++)
		put_unaligned_le32(word[i], octets + 4 * i);
	return true;
}

static int scan_keys(struct xtcp_net *xn, char *text)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	struct xtcp_fastopen_keys *keys;
	unsigned int count = 0;
	char *key;

	while ((key = strsep(&text, ","))) {
		if (count == XTCP_FASTOPEN_KEYS ||
		    !scan_key(key, octets + count * XTCP_FASTOPEN_KEY_LEN))
			return -EINVAL;
		count++;
	}
	keys = alloc_keys(octets, count);
	if (!keys)
		return -ENOMEM;
	change_keys(&xn->fastopen.keys, keys);
	return 0;
}

static int handle_keys(XTCP_CTL_CONST struct ctl_table *ctl, int write, void *buffer,
		       size_t *lenp, loff_t *ppos)
{
	char text[XTCP_FASTOPEN_KEYS * KEY_TEXT + 1] = "";
	struct xtcp_net *xn = ctl->extra1;
	struct ctl_table own = *ctl;
	int err;

	if (!write)
		print_keys(xn, text);
	own.data = text;
	own.maxlen = sizeof(text);
	err = proc_dostring(&own, write, buffer, lenp, ppos);
	return err || !write ? err : scan_keys(xn, text);
}

void xtcp_fastopen_key_row(struct xtcp_net *xn, struct ctl_table *row)
{
	row->procname = "fastopen_key";
	row->data = &xn->fastopen;
	row->maxlen = sizeof(u32);
	row->mode = 0600;
	row->proc_handler = handle_keys;
	row->extra1 = xn;
}

/* --- server: cookies ----------------------------------------------------------- */

/* RFC 7413 4.1.2: as in the header, the client's address first. */
static void make_cookie(const struct xtcp_flow *flow, const siphash_key_t *key, u8 *octets)
{
	unsigned int half = xtcp_flow_addrs_len(flow->family) / 2;
	const u8 *addrs = xtcp_flow_addrs(flow);
	u8 input[sizeof(struct xtcp_addrs6)];

	memcpy(input, addrs + half, half);
	memcpy(input + half, addrs, half);
	put_unaligned_le64(siphash(input, 2 * half, key), octets);
}

/*
 * By which key was it made: 1, 2, or 0 for none. @fresh is one by the first key.
 * RCU.
 */
static int check_cookie(const struct sock *listener, const struct xtcp_flow *flow,
			const struct xtcp_options *opt, u8 *fresh)
{
	const struct xtcp_fastopen_keys *keys =
		rcu_dereference(xtcp_sk(listener)->fastopen.keys) ?:
		rcu_dereference(net_of(listener)->keys);
	u8 octets[XTCP_FASTOPEN_COOKIE_LEN];
	unsigned int i;

	make_cookie(flow, &keys->key[0], fresh);
	if (opt->cookie_len != XTCP_FASTOPEN_COOKIE_LEN)
		return 0;
	for (i = 0; i < keys->count; i++) {
		make_cookie(flow, &keys->key[i], octets);
		if (!memcmp(octets, opt->cookie, sizeof(octets)))
			return i + 1;
	}
	return 0;
}

static bool needs_no_cookie(const struct sock *listener, const struct dst_entry *dst)
{
	return enabled(listener, XTCP_FASTOPEN_SERVER_NO_COOKIE) ||
	       xtcp_sk(listener)->fastopen.no_cookie || route_needs_none(dst);
}

/* --- server: children before the handshake is complete -------------------------- */

/* The end of a child that was reset. */
struct reset_child {
	struct list_head link;
	u64 since_ns;
};

void xtcp_fastopen_limit(struct sock *sk, unsigned int max)
{
	WRITE_ONCE(xtcp_sk(sk)->fastopen.early_max,
		   min_t(unsigned int, max, READ_ONCE(sock_net(sk)->core.sysctl_somaxconn)));
}

void xtcp_fastopen_listen(struct sock *sk, int backlog)
{
	if (enabled(sk, XTCP_FASTOPEN_SERVER_ALL) && !xtcp_sk(sk)->fastopen.early_max)
		xtcp_fastopen_limit(sk, backlog);
}

static void forget_reset(struct xtcp_listener *l, struct reset_child *r)
{
	list_del(&r->link);
	kfree(r);
	l->early_len--;
}

/* Those whose time is over; l->lock. */
static void forget_resets(struct xtcp_listener *l, u64 hold_ns)
{
	struct reset_child *r, *next;
	u64 now = ktime_get_ns();

	list_for_each_entry_safe(r, next, &l->early_resets, link) {
		if (now - r->since_ns < hold_ns)
			return;
		forget_reset(l, r);
	}
}

void xtcp_fastopen_unlisten(struct xtcp_listener *l)
{
	spin_lock_bh(&l->lock);
	forget_resets(l, 0);
	spin_unlock_bh(&l->lock);
}

void xtcp_fastopen_free(struct sock *sk)
{
	change_keys(&xtcp_sk(sk)->fastopen.keys, NULL);
}

/*
 * One more child, with a reference to the listener: it counts there even when that is
 * closed. RFC 7413 5.1: a stolen cookie must not exhaust memory.
 */
static bool reserve(struct xtcp_listener *l)
{
	struct xtcp_net *xn = xtcp_net(l->net);
	u64 hold_ns = (u64)xtcp_knob(xn, fastopen_reset_hold_ms) * NSEC_PER_MSEC;
	bool room;

	if (!refcount_inc_not_zero(&l->refs))
		return false;
	spin_lock_bh(&l->lock);
	forget_resets(l, hold_ns);
	room = l->early_len < READ_ONCE(xtcp_sk(l->sk)->fastopen.early_max);
	l->early_len += room;
	spin_unlock_bh(&l->lock);
	if (room)
		return true;
	xtcp_count(xn, XTCP_CNT_FASTOPEN_LISTEN_OVERFLOWS);
	xtcp_listener_put(l);
	return false;
}

void xtcp_fastopen_give_back(struct xtcp_listener *l)
{
	spin_lock_bh(&l->lock);
	l->early_len--;
	spin_unlock_bh(&l->lock);
	xtcp_listener_put(l);
}

/* 1, 2: the cookie is good, by that key; 3: none is needed. Then @cookie is fresh. */
static int judge(struct sock *listener, const struct xtcp_flow *flow,
		 const struct xtcp_segment *syn, const struct dst_entry *dst,
		 struct xtcp_fastopen_cookie *cookie)
{
	struct xtcp_net *xn = xtcp_sk_net(listener);
	int key;

	if (needs_no_cookie(listener, dst))
		return 3;
	if (!syn->opt.has_fastopen)
		return 0;
	cookie->experiment = syn->opt.experiment;
	cookie->len = XTCP_FASTOPEN_COOKIE_LEN;
	key = check_cookie(listener, flow, &syn->opt, cookie->octets);
	if (!syn->opt.cookie_len)
		xtcp_count(xn, XTCP_CNT_FASTOPEN_COOKIES_ASKED);
	else if (!key)
		xtcp_count(xn, XTCP_CNT_FASTOPEN_PASSIVE_FAILS);
	else if (key == 2)
		xtcp_count(xn, XTCP_CNT_FASTOPEN_OLD_KEY);
	return key;
}

bool xtcp_fastopen_admit(struct xtcp_listener *listener, const struct xtcp_flow *flow,
			 const struct xtcp_segment *syn, const struct dst_entry *dst,
			 struct xtcp_fastopen_cookie *cookie)
{
	struct sock *sk = listener->sk;
	int key;

	*cookie = (struct xtcp_fastopen_cookie){ };
	if ((!syn->opt.has_fastopen && !syn->text_len) ||
	    !READ_ONCE(xtcp_sk(sk)->fastopen.early_max) ||
	    !enabled(sk, XTCP_FASTOPEN_SERVER) ||
	    xtcp_sk_knob(sk, handshake_ways) != 3)
		return false;
	key = judge(sk, flow, syn, dst, cookie);
	if (!key)
		return false;
	/* The client has this one already; one by the old key is replaced. */
	if (key == 1)
		cookie->len = 0;
	return reserve(listener);
}

void xtcp_fastopen_begin(struct sock *child, struct xtcp_listener *listener)
{
	xtcp_sk(child)->fastopen.early_of = listener;
	xtcp_count(xtcp_sk_net(child), XTCP_CNT_FASTOPEN_PASSIVE);
}

void xtcp_fastopen_settle(struct sock *child)
{
	struct xtcp_listener *listener = xtcp_sk(child)->fastopen.early_of;

	if (!listener)
		return;
	xtcp_sk(child)->fastopen.early_of = NULL;
	xtcp_fastopen_give_back(listener);
}

void xtcp_fastopen_reset(struct sock *child)
{
	struct xtcp_listener *l = xtcp_sk(child)->fastopen.early_of;
	struct reset_child *r;
	bool open;

	if (!l)
		return;
	r = kmalloc(sizeof(*r), XTCP_GFP_QUIET);
	if (!r)
		return;		/* xtcp_fastopen_settle() comes soon */
	r->since_ns = ktime_get_ns();
	spin_lock_bh(&l->lock);
	open = l->open;
	if (open)
		list_add_tail(&r->link, &l->early_resets);
	spin_unlock_bh(&l->lock);
	if (!open) {
		kfree(r);
		return;
	}
	xtcp_sk(child)->fastopen.early_of = NULL;
	xtcp_listener_put(l);
}

/* --- client: black holes ---------------------------------------------------------- */

/*
 * Some networks take a SYN with text, and swallow what follows. Fast Open pauses
 * for all servers, each time twice as long as before, at most 64 times.
 */
static void met_hole(struct sock *sk)
{
	struct xtcp_fastopen_net *fn = net_of(sk);

	if (!xtcp_knob(xtcp_sk_net(sk), fastopen_blackhole_ms))
		return;
	WRITE_ONCE(fn->hole_ns, ktime_get_ns());
	atomic_inc(&fn->holes);
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_BLACKHOLES);
}

static bool pausing(struct sock *sk)
{
	u64 pause_ms = xtcp_knob(xtcp_sk_net(sk), fastopen_blackhole_ms);
	struct xtcp_fastopen_net *fn = net_of(sk);
	int holes = atomic_read(&fn->holes);

	if (!holes || !pause_ms)
		return false;
	pause_ms <<= min(holes - 1, 6);
	if (ktime_get_ns() - READ_ONCE(fn->hole_ns) < pause_ms * NSEC_PER_MSEC)
		return true;
	xtcp_sk(sk)->fastopen.after_hole = 1;
	return false;
}

void xtcp_fastopen_silence(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (!xs->fastopen.tried || !xs->fastopen.text)
		return;
	met_hole(sk);
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_ACTIVE_FAILS);
}

void xtcp_fastopen_watch(struct sock *sk, const struct xtcp_verdict *v)
{
	struct xtcp_fastopen *fo = &xtcp_sk(sk)->fastopen;

	if (v->events & XTCP_EV_TEXT) {
		if (fo->after_hole)
			atomic_set(&net_of(sk)->holes, 0);
		fo->tried = 0;		/* it works: no need to watch on */
	} else if ((v->events & XTCP_EV_OUT_OF_ORDER) && v->text_fin) {
		fo->fin_ahead = 1;	/* what is missing may come yet */
	} else if (v->drop == XTCP_DROP_RST_INVALID && !xtcp_sk(sk)->stats.data_segs_in) {
		met_hole(sk);
		fo->tried = 0;
	}
}

/* A FIN behind text of which nothing ever came: it was swallowed. */
void xtcp_fastopen_ended(struct sock *sk)
{
	const struct xtcp_fastopen *fo = &xtcp_sk(sk)->fastopen;

	if (fo->tried && fo->fin_ahead && !xtcp_sk(sk)->stats.data_segs_in)
		met_hole(sk);
}

/* --- client: the SYN ------------------------------------------------------------- */

static bool sends_no_cookie(struct sock *sk)
{
	return enabled(sk, XTCP_FASTOPEN_CLIENT_NO_COOKIE) ||
	       xtcp_sk(sk)->fastopen.no_cookie || route_needs_none(__sk_dst_get(sk));
}

/* RFC 7413 4.1.3.1: after a loss, keep to ordinary SYNs for a while, then longer. */
static bool shy(const struct sock *sk, const struct xtcp_fastopen_server *server)
{
	u64 wait_ms = xtcp_knob(xtcp_sk_net(sk), fastopen_loss_ms);

	return server->losses &&
	       ktime_get_ns() - server->lost_ns <
	       (wait_ms << min(server->losses - 1, 10)) * NSEC_PER_MSEC;
}

/* May our SYN carry text? */
static bool may_try(struct sock *sk, struct xtcp_fastopen_server *server)
{
	xtcp_fastopen_recall(xtcp_sk_net(sk), &xtcp_sk(sk)->flow, server);
	if (pausing(sk) || shy(sk, server))
		return false;
	return server->cookie.len || sends_no_cookie(sk);
}

bool xtcp_fastopen_defer(struct sock *sk)
{
	struct xtcp_fastopen *fo = &xtcp_sk(sk)->fastopen;
	struct xtcp_fastopen_server server;

	if (!fo->connect || fo->syn_text || !may_try(sk, &server))
		return false;
	fo->deferred = 1;
	xtcp_set_defer_connect(sk, true);
	return true;
}

/*
 * RFC 7413 4.2.1: what surely fits, whatever other options there are. Who sends
 * without a cookie vouches for the server, also that it takes what the path does.
 */
static u32 room_in_syn(struct sock *sk, const struct xtcp_fastopen_server *server)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);
	u32 mss = server->mss ?: (server->cookie.len ? xs->af->mss_default : U16_MAX);
	u32 mtu = dst ? dst_mtu(dst) : xs->snd.pmtu;

	if (xs->snd.mss_clamp)
		mss = min_t(u32, mss, xs->snd.mss_clamp);
	mss = min_t(u32, mss, mtu - xs->af->ip_header_len - sizeof(struct tcphdr));
	return mss - min_t(u32, mss, XTCP_OPTIONS_MAX + xs->af->options_len(sk));
}

bool xtcp_fastopen_offer(struct sock *sk, struct xtcp_fastopen_cookie *cookie)
{
	struct xtcp_fastopen *fo = &xtcp_sk(sk)->fastopen;
	struct msghdr *text = fo->syn_text;
	struct xtcp_fastopen_server server;
	bool try, option;

	fo->syn_text = NULL;
	if (!text && !fo->connect)
		return false;
	try = may_try(sk, &server);
	*cookie = server.cookie;
	if (!try && server.cookie.len)
		return false;
	if (try && text)
		fo->text = xtcp_write_into_syn(sk, text, room_in_syn(sk, &server));
	else if (!try)
		fo->client_fail = TFO_COOKIE_UNAVAILABLE;
	fo->experiment = cookie->experiment;
	option = !sends_no_cookie(sk) && !pausing(sk);
	fo->tried = option || fo->text;
	return option;
}

/* --- client: sendmsg() ------------------------------------------------------------ */

static bool wants_disconnect(const struct msghdr *msg)
{
	const struct sockaddr *addr = msg->msg_name;

	return addr && msg->msg_namelen >= sizeof(addr->sa_family) &&
	       addr->sa_family == AF_UNSPEC;
}

int xtcp_fastopen_send(struct sock *sk, struct msghdr *msg, int *copied)
{
	struct xtcp_fastopen *fo = &xtcp_sk(sk)->fastopen;
	int flags = msg->msg_flags & MSG_DONTWAIT ? O_NONBLOCK : 0;
	size_t before = msg_data_left(msg);
	int err;

	if (!enabled(sk, XTCP_FASTOPEN_CLIENT) || wants_disconnect(msg))
		return -EOPNOTSUPP;
	fo->syn_text = msg;
	if (fo->deferred) {
		fo->deferred = 0;
		/* Unless it was aborted, or the peer called at the same time. */
		if (sk->sk_state == TCP_SYN_SENT)
			xtcp_active_send_syn(sk);
		err = __inet_stream_connect(sk->sk_socket, NULL, 0, flags, 1);
		xtcp_set_defer_connect(sk, false);
	} else {
		err = __inet_stream_connect(sk->sk_socket, msg->msg_name,
					    msg->msg_namelen, flags, 1);
	}
	fo->syn_text = NULL;
	*copied = before - msg_data_left(msg);
	return err;
}

/* --- client: the SYN-ACK ------------------------------------------------------------ */

/* What the SYN-ACK teaches about the server. */
static void learn(struct sock *sk, const struct xtcp_segment *seg, bool lost)
{
	const struct xtcp_fastopen *fo = &xtcp_sk(sk)->fastopen;
	struct xtcp_net *xn = xtcp_sk_net(sk);
	const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;
	struct xtcp_fastopen_server server;

	xtcp_fastopen_recall(xn, flow, &server);
	if (seg->opt.mss)
		server.mss = seg->opt.mss;
	if (seg->opt.has_fastopen && seg->opt.cookie_len) {
		server.cookie.len = seg->opt.cookie_len;
		server.cookie.experiment = seg->opt.experiment;
		memcpy(server.cookie.octets, seg->opt.cookie, seg->opt.cookie_len);
	} else if (!fo->text && !xtcp_sk(sk)->stats.retrans && !server.cookie.len) {
		/* Asked in vain: once, perhaps it knows the old number. */
		server.asked = max_t(u8, server.asked, fo->experiment ? 2 : 1);
		server.cookie.experiment = server.asked == 1;
	}
	if (lost && server.losses < U8_MAX)
		server.losses++;
	else if (!lost)
		server.losses = 0;
	server.lost_ns = ktime_get_ns();
	xtcp_fastopen_remember(xn, flow, &server);
}

/* The SYN-ACK leaves text out: now it goes as text of any connection. */
static void send_again(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb;

	xs->fastopen.client_fail = xs->stats.retrans ? TFO_SYN_RETRANSMITTED :
						       TFO_DATA_NOT_ACKED;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_ACTIVE_FAILS);
	skb_queue_walk(&xs->snd.rtx_queue, skb)
		if (xtcp_output_retransmit(sk, skb))
			return;
}

void xtcp_fastopen_too_large(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (!xs->fastopen.text || xs->fastopen.too_large)
		return;
	xs->fastopen.too_large = 1;
	xs->stats.retrans++;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_SYN_RETRANS);
	xtcp_output_syn(sk);
}

void xtcp_fastopen_answered(struct sock *sk, const struct xtcp_segment *seg)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	bool lost, missing = !skb_queue_empty(&xs->snd.rtx_queue);

	if (!xs->fastopen.tried)
		return;
	lost = missing && xs->stats.retrans && !xs->fastopen.too_large;
	learn(sk, seg, lost && !seg->opt.cookie_len);
	if (missing) {
		send_again(sk);
	} else if (xs->fastopen.text) {
		xs->fastopen.text_acked = 1;
		xs->stats.delivered--;	/* it was one segment with the SYN */
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_ACTIVE);
	}
}
