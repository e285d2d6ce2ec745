// SPDX-License-Identifier: GPL-2.0
/*
 * What a client remembers of servers for Fast Open (RFC 7413 section 4.1.3):
 * cookie, MSS, and whether SYNs with text get there at all. A hash table and a
 * list by last use; the knob fastopen_cache bounds both.
 */

#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/slab.h>
#include <xtcp/fastopen.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>

struct entry {
	struct hlist_node node;
	struct list_head recent;
	struct xtcp_addrs6 addrs;	/* the first octets, if they are IPv4's */
	u8 family;
	u8 protocol;			/* another one is another server */
	struct xtcp_fastopen_server server;
};

void xtcp_fastopen_cache_init(struct xtcp_fastopen_net *fn)
{
	int i;

	spin_lock_init(&fn->lock);
	INIT_LIST_HEAD(&fn->recent);
	for (i = 0; i < XTCP_FASTOPEN_BUCKETS; i++)
		INIT_HLIST_HEAD(&fn->buckets[i]);
}

static void forget_last(struct xtcp_fastopen_net *fn)
{
	struct entry *e = list_last_entry(&fn->recent, struct entry, recent);

	list_del(&e->recent);
	hlist_del(&e->node);
	fn->len--;
	kfree(e);
}

static void trim(struct xtcp_fastopen_net *fn, unsigned int max)
{
	while (fn->len > max)
		forget_last(fn);
}

void xtcp_fastopen_cache_trim(struct xtcp_net *xn)
{
	spin_lock_bh(&xn->fastopen.lock);
	trim(&xn->fastopen, xtcp_knob(xn, fastopen_cache));
	spin_unlock_bh(&xn->fastopen.lock);
}

void xtcp_fastopen_cache_exit(struct xtcp_fastopen_net *fn)
{
	trim(fn, 0);
}

static struct hlist_head *bucket(struct xtcp_fastopen_net *fn,
				 const struct xtcp_flow *flow)
{
	u32 hash = jhash(xtcp_flow_addrs(flow), xtcp_flow_addrs_len(flow->family), 0);

	return &fn->buckets[hash % XTCP_FASTOPEN_BUCKETS];
}

/* Under the lock. Found, it is the one used last. */
static struct entry *find(struct xtcp_fastopen_net *fn, const struct xtcp_flow *flow)
{
	struct entry *e;

	hlist_for_each_entry(e, bucket(fn, flow), node) {
		if (e->family != flow->family || e->protocol != flow->protocol ||
		    memcmp(&e->addrs, xtcp_flow_addrs(flow),
			   xtcp_flow_addrs_len(flow->family)))
			continue;
		list_move(&e->recent, &fn->recent);
		return e;
	}
	return NULL;
}

void xtcp_fastopen_recall(struct xtcp_net *xn, const struct xtcp_flow *flow,
			  struct xtcp_fastopen_server *server)
{
	struct entry *e;

	spin_lock_bh(&xn->fastopen.lock);
	e = find(&xn->fastopen, flow);
	*server = e ? e->server : (struct xtcp_fastopen_server){ };
	spin_unlock_bh(&xn->fastopen.lock);
}

static struct entry *add(struct xtcp_fastopen_net *fn, const struct xtcp_flow *flow)
{
	struct entry *e = kzalloc(sizeof(*e), GFP_ATOMIC);

	if (!e)
		return NULL;
	e->family = flow->family;
	e->protocol = flow->protocol;
	memcpy(&e->addrs, xtcp_flow_addrs(flow), xtcp_flow_addrs_len(flow->family));
	hlist_add_head(&e->node, bucket(fn, flow));
	list_add(&e->recent, &fn->recent);
	fn->len++;
	return e;
}

void xtcp_fastopen_remember(struct xtcp_net *xn, const struct xtcp_flow *flow,
			    const struct xtcp_fastopen_server *server)
{
	struct xtcp_fastopen_net *fn = &xn->fastopen;
	struct entry *e;

	spin_lock_bh(&fn->lock);
	e = find(fn, flow) ?: add(fn, flow);
	if (e)
		e->server = *server;
	trim(fn, xtcp_knob(xn, fastopen_cache));
	spin_unlock_bh(&fn->lock);
}
