#!/bin/bash
echo demo
