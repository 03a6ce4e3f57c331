// Package feed knows who follows what.
package feed
